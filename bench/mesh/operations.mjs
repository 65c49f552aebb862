/**
 * What a client repeats: one request, its whole answer read, and the answer checked.
 *
 * Runs in the thread that makes the load. All sides get the same operation; they differ in the client only.
 */
import { streamOf } from './applications.mjs'
import { greeting } from './workloads.mjs'

function check(right, what) {
  if (!right) throw new Error(`Not what was asked for: ${what}.`)
}

function checkGreeting(status, body) {
  check(status === 200 && body.hello === greeting.hello, `status ${status}, ${JSON.stringify(body)}`)
}

async function receiveCount(answer, size) {
  const body = await answer.body.json()
  check(answer.statusCode === 200 && body.received === size, `${answer.statusCode}, ${JSON.stringify(body)}`)
}

const makers = {
  json:
    ({ request }, url) =>
    async () => {
      const { statusCode, body } = await request(url)
      checkGreeting(statusCode, await body.json())
    },
  fetch:
    ({ fetch }, url) =>
    async () => {
      const response = await fetch(url)
      checkGreeting(response.status, await response.json())
    },
  send: ({ request }, url, size) => {
    // An ArrayBuffer of its own: what a body read from elsewhere usually is at these sizes.
    const body = Buffer.from(new ArrayBuffer(size)).fill('x')
    const headers = { 'content-type': 'application/octet-stream' }
    return async () => receiveCount(await request(url, { method: 'POST', headers, body }), size)
  },
  upload: ({ request }, url, size) => {
    const headers = { 'content-type': 'application/octet-stream' }
    return async () =>
      receiveCount(await request(url, { method: 'POST', headers, body: streamOf(size) }), size)
  },
  receive:
    ({ request }, url, size) =>
    async () => {
      const { statusCode, body } = await request(url)
      const { byteLength } = await body.arrayBuffer()
      check(statusCode === 200 && byteLength === size, `${statusCode}, ${byteLength} bytes`)
    },
  download:
    ({ request }, url, size) =>
    async () => {
      const { statusCode, body } = await request(url)
      let received = 0
      for await (const chunk of body) received += chunk.length
      check(statusCode === 200 && received === size, `${statusCode}, ${received} bytes`)
    },
  post:
    ({ post }) =>
    async () => {
      const answer = await post()
      check(typeof answer === 'string', `an answer of type ${typeof answer}`)
    }
}

/**
 * One repeatable operation.
 * @param {{ operation: string, size?: number }} workload
 * @param {object} client of the side; has `request(url, options)` and `fetch(url)`
 * @param {string} url
 * @returns {() => Promise<void>} rejects when the answer is not what was asked for.
 */
export function operationOf(workload, client, url) {
  return makers[workload.operation](client, url, workload.size ?? 0)
}
