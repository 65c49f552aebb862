/** How requests end that are answered, refused, or ended by their clients: each of them made to happen. */
import { chunked, queueing, settle, testEndings, upgrade, upload } from './endings.ts'
import { get, RawClient } from './raw-client.ts'

testEndings([
  {
    ends: 'completed response-body',
    when: 'the answer is out',
    status: 200,
    make: client => client.send(get('/hello')).response()
  },
  {
    ends: 'completed response-body',
    when: 'an answer without a body is out',
    status: 204,
    make: client => client.send(get('/status?code=204')).response()
  },
  {
    ends: 'completed response-body',
    when: 'the answer is out and closes the connection',
    status: 200,
    make: client => client.send(get('/close')).rest()
  },
  {
    ends: 'completed response-body',
    when: 'a client comes late to reading a long answer, and then goes',
    status: 200,
    make: async (client, stage) => {
      client.socket.pause()
      client.send(get('/at-once?size=8000000', 'Connection: close'))
      await stage.sighting('/at-once?size=8000000', 'closed')
      await settle(stage)
      client.socket.resume()
      await client.rest()
    }
  },
  {
    ends: 'completed response-body',
    when: 'a client comes late to reading a long answer, and stays',
    status: 200,
    make: async (client, stage) => {
      client.socket.pause()
      client.send(get('/at-once?size=8000000'))
      await stage.sighting('/at-once?size=8000000', 'closed')
      await settle(stage)
      client.socket.resume()
      await client.response()
    }
  },
  {
    ends: 'completed tunnel',
    when: 'both sides of a tunnel have closed',
    status: 101,
    make: async client => {
      await client.send(upgrade).response()
      client.socket.end()
      await client.closed
    }
  },
  {
    ends: 'client-aborted request',
    when: 'the client goes in the middle of a head',
    status: null,
    make: async (client, stage) => {
      client.send('GET /half HTTP/1.1\r\nHost: x')
      await settle(stage)
      client.destroy()
    }
  },
  {
    ends: 'client-aborted request',
    when: 'the client goes in the middle of a body',
    status: null,
    make: async (client, stage) => {
      client.send(upload('/hash'))
      await stage.sighting('/hash', 'begun')
      client.destroy()
    }
  },
  {
    ends: 'client-aborted queue',
    when: 'the client goes while it waits for a worker',
    status: null,
    make: async (client, stage) => {
      await queueing(stage, { max: 1, timeoutMs: 10_000 })
      client.send(get('/hello'))
      await settle(stage)
      client.destroy()
    }
  },
  {
    ends: 'client-aborted response-head',
    when: 'the client goes before there is an answer',
    status: null,
    make: async (client, stage) => {
      client.send(get('/hang'))
      await stage.sighting('/hang', 'begun')
      client.destroy()
    }
  },
  {
    ends: 'client-aborted response-body',
    when: 'the client goes in the middle of the answer',
    status: 200,
    make: async client => {
      client.send(get('/first'))
      await client.bytes(20)
      client.destroy()
    }
  },
  {
    ends: 'client-aborted response-body',
    when: 'the client goes when the answer is written and not taken',
    status: 200,
    make: async (client, stage) => {
      client.socket.pause()
      client.send(get('/at-once?size=8000000', 'Connection: close'))
      await stage.sighting('/at-once?size=8000000', 'closed')
      await settle(stage)
      client.destroy()
    }
  },
  {
    ends: 'client-aborted tunnel',
    when: 'the client breaks a tunnel',
    status: 101,
    make: async client => {
      await client.send(upgrade).response()
      client.socket.resetAndDestroy()
    }
  },
  {
    ends: 'client-timeout request',
    when: 'the head does not come',
    server: { headersTimeout: 100 },
    status: 408,
    make: async (client, stage) => {
      // Nothing is said to a client that has sent nothing when its time is over: a slow one begins again.
      const head = 'GET / HTTP/1.1\r\nHost: x'
      for (let said = await client.send(head).rest(); said === '';) {
        said = await (await RawClient.open(stage.port)).send(head).rest()
      }
    }
  },
  {
    ends: 'client-timeout request',
    when: 'the body does not come',
    server: { bodyTimeout: 100 },
    status: 408,
    make: client => client.send(upload('/hash')).rest()
  },
  {
    ends: 'client-timeout response-body',
    when: 'the answer is not read',
    server: { clientTimeout: 100 },
    status: 200,
    make: async client => {
      client.socket.pause()
      client.send(get('/big?size=50000000'))
    }
  },
  {
    ends: 'client-timeout tunnel',
    when: 'a tunnel is silent',
    server: { tunnelTimeout: 100 },
    status: 101,
    make: client => client.send(upgrade).rest()
  },
  {
    ends: 'refused request',
    when: 'it is no request',
    status: 400,
    make: client => client.send('\x16\x03\x01\r\n\r\n').rest()
  },
  {
    ends: 'refused request',
    when: 'its host is missing',
    status: 400,
    make: client => client.send('GET /x HTTP/1.1\r\n\r\n').rest()
  },
  {
    ends: 'refused request',
    when: 'its body says that it is too large',
    server: { maxBodySize: 5 },
    status: 413,
    make: client => client.send(upload('/hash')).rest()
  },
  {
    ends: 'refused request',
    when: 'its body grows too large',
    server: { maxBodySize: 5 },
    status: 413,
    make: client => client.send(`${chunked('/hash')}a\r\n`).rest()
  },
  {
    ends: 'refused request',
    when: 'no application answers it',
    entrypoint: null,
    status: 404,
    make: client => client.send(get('/hello')).response()
  },
  {
    ends: 'refused response-body',
    when: 'its body turns out to be none while it is answered',
    status: 200,
    make: async client => {
      client.send(`${chunked('/first')}1\r\nx\r\n`)
      await client.bytes(20)
      await client.send('no size\r\n').rest()
    }
  }
])
