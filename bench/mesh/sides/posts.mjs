/**
 * The floor below any mesh: strings of a request's size over one port, made anew for each request, those of one
 * turn in one message, and nothing read from them. The client is a promise per string.
 */
import { MessageChannel } from 'node:worker_threads'

const question = ['', 'GET', '/', 'host: server.local', 'accept: */*', ''].join('\0')
const answer = ['', '200', 'content-type: application/json', 'content-length: 17', '{"hello":"world"}'].join(
  '\0'
)

/** What is posted in one turn leaves as one message at its end. */
function batchesOver(port) {
  let batch = []
  const flush = () => {
    const full = batch
    batch = []
    port.postMessage(full)
  }
  return text => {
    if (batch.push(text) === 1) queueMicrotask(flush)
  }
}

/** Main thread. */
export async function open() {
  const { port1, port2 } = new MessageChannel()
  const send = batchesOver(port1)
  // Answers come in the order of their questions.
  const waiting = []
  let id = 0
  port1.on('message', batch => {
    for (const [index, resolve] of waiting.splice(0, batch.length).entries()) resolve(batch[index])
  })
  const post = () =>
    new Promise(resolve => {
      waiting.push(resolve)
      send(`${++id}${question}`)
    })
  return {
    seat: () => ({ data: { port: port2 }, transferList: [port2] }),
    urlOf: () => '',
    connect: () => ({ post })
  }
}

/** Worker. */
export async function join({ port }) {
  const send = batchesOver(port)
  let id = 0
  port.on('message', batch => {
    for (let index = 0; index < batch.length; index++) send(`${++id}${answer}`)
  })
  return { connect: null }
}
