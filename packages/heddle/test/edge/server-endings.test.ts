/** How requests end that find no worker, lose theirs, or see the edge close: each of them made to happen. */
import type { ResolvedRoute } from '../../src/config/resolved.ts'
import { nobody, queueing, settle, testEndings, upgrade, upload } from './endings.ts'
import { RawClient, get } from './raw-client.ts'
import type { Stage } from './stage.ts'

/** Of what waits in the way of others nothing is logged. */
const quiet: ResolvedRoute = { ...nobody, prefix: '/quiet', application: 'api', accessLog: false }

testEndings([
  {
    ends: 'application-timeout response-head',
    when: 'the application does not answer',
    server: { requestTimeout: 200 },
    status: 504,
    make: client => client.send(get('/hang')).response()
  },
  {
    ends: 'application-timeout request',
    when: 'the application does not answer while the request is still coming',
    server: { requestTimeout: 200 },
    status: 504,
    make: client => client.send(upload('/hang')).rest()
  },
  {
    ends: 'application-lost response-head',
    when: 'the application breaks its connection',
    status: 502,
    make: client => client.send(get('/destroy')).response()
  },
  {
    ends: 'application-lost request',
    when: 'the worker dies while the request is still coming',
    isLast: true,
    status: 502,
    make: async (client, stage) => {
      client.send(upload('/hash'))
      await stage.sighting('/hash', 'begun')
      await stage.worker('api:0').thread.terminate()
      await client.rest()
    }
  },
  {
    ends: 'application-lost response-body',
    when: 'the application breaks its answer off',
    status: 200,
    make: client => client.send(get('/half')).rest()
  },
  {
    ends: 'application-lost response-body',
    when: 'the worker dies in the middle of its answer',
    isLast: true,
    status: 200,
    make: async (client, stage) => {
      client.send(get('/first'))
      await client.bytes(20)
      await stage.worker('api:0').thread.terminate()
    }
  },
  {
    ends: 'application-lost response-body',
    when: 'the answer is longer than it says',
    status: 200,
    make: client => client.send(get('/declared?length=3&body=12345&pieces')).rest()
  },
  {
    ends: 'application-lost tunnel',
    when: 'the worker of a tunnel dies',
    isLast: true,
    status: 101,
    make: async (client, stage) => {
      await client.send(upgrade).response()
      await stage.worker('api:0').thread.terminate()
    }
  },
  {
    ends: 'queue-full queue',
    when: 'nobody may wait any more',
    routes: [quiet],
    status: 503,
    make: async (client, stage) => {
      await queueing(stage, { max: 1, timeoutMs: 10_000 })
      const waiting = await RawClient.open(stage.port)
      waiting.send(get('/quiet'))
      await settle(stage)
      await client.send(get('/hello')).response()
      waiting.destroy()
    }
  },
  {
    ends: 'queue-timeout queue',
    when: 'no worker came in the time of the queue',
    status: 503,
    make: async (client, stage) => {
      await queueing(stage, { max: 1, timeoutMs: 100 })
      await client.send(get('/hello')).response()
    }
  },
  {
    ends: 'queue-timeout queue',
    when: 'no worker came in the time of the request',
    server: { requestTimeout: 150 },
    status: 503,
    make: async (client, stage) => {
      await queueing(stage, { max: 1, timeoutMs: 10_000 })
      await client.send(get('/hello')).response()
    }
  },
  {
    ends: 'no-worker queue',
    when: 'the application is stopped',
    routes: [nobody],
    status: 503,
    make: client => client.send(get('/hello')).response()
  },
  {
    ends: 'no-worker queue',
    when: 'nobody is ready, and nobody may wait',
    status: 503,
    make: async (client, stage) => {
      await stage.worker('api:0').member.withdraw()
      await client.send(get('/hello')).response()
    }
  },
  {
    ends: 'edge-closing request',
    when: 'the edge closes in the middle of a head',
    isLast: true,
    status: null,
    make: async (client, stage) => {
      client.send('GET /half HTTP/1.1\r\nHost: x')
      await settle(stage)
      await cut(stage)
    }
  },
  {
    ends: 'edge-closing request',
    when: 'the edge closes while the request is coming',
    isLast: true,
    status: null,
    make: (client, stage) => cutAfter(stage, () => void client.send(upload('/hash')), '/hash')
  },
  {
    ends: 'edge-closing queue',
    when: 'the edge closes while it waits',
    isLast: true,
    status: null,
    make: async (client, stage) => {
      await queueing(stage, { max: 1, timeoutMs: 10_000 })
      client.send(get('/hello'))
      await settle(stage)
      await cut(stage)
    }
  },
  {
    ends: 'edge-closing response-head',
    when: 'the edge closes before there is an answer',
    isLast: true,
    status: null,
    make: (client, stage) => cutAfter(stage, () => void client.send(get('/hang')), '/hang')
  },
  {
    ends: 'edge-closing response-body',
    when: 'the edge closes in the middle of the answer',
    isLast: true,
    status: 200,
    make: async (client, stage) => {
      client.send(get('/first'))
      await client.bytes(20)
      await cut(stage)
    }
  },
  {
    ends: 'edge-closing tunnel',
    when: 'the edge closes, and a tunnel does not know how to',
    isLast: true,
    status: 101,
    make: async (client, stage) => {
      await client.send(upgrade).response()
      await cut(stage)
    }
  },
  {
    ends: 'edge-closing tunnel',
    when: 'the worker of a WebSocket goes',
    isLast: true,
    status: 101,
    make: async (client, stage) => {
      const lines = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']
      await client.send(get('/websocket', 'Connection: Upgrade', 'Upgrade: websocket', ...lines)).response()
      await stage.worker('api:0').member.withdraw(2000)
      await client.closed
    }
  }
])

async function cut(stage: Stage): Promise<void> {
  stage.tell({ type: 'close', timeoutMs: 60_000 })
  stage.tell({ type: 'cut' })
  await stage.hears('closed')
}

async function cutAfter(stage: Stage, begin: () => void, target: string): Promise<void> {
  begin()
  await stage.sighting(target, 'begun')
  await cut(stage)
}
