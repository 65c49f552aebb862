/**
 * The floor below any mesh that is used through undici: a dispatcher that answers by itself, in the next
 * microtask. What is left is what undici and the load cost the client's thread.
 */
import { Dispatcher, fetch, request } from 'undici'

import { greeting } from '../workloads.mjs'

const body = Buffer.from(JSON.stringify(greeting))
const headers = { 'content-type': 'application/json', 'content-length': `${body.length}` }
const rawHeaders = Object.entries(headers)
  .flat()
  .map(text => Buffer.from(text))

class Controller {
  rawHeaders = rawHeaders
  rawTrailers = []
  paused = false
  aborted = false
  reason = null
  pause() {}
  resume() {}
  abort() {}
}

class Stub extends Dispatcher {
  dispatch(options, handler) {
    const controller = new Controller()
    handler.onRequestStart(controller, {})
    queueMicrotask(() => {
      handler.onResponseStart(controller, 200, headers, 'OK')
      handler.onResponseData(controller, body)
      handler.onResponseEnd(controller, {})
    })
    return true
  }
}

/** Main thread. */
export async function open() {
  const dispatcher = new Stub()
  return {
    seat: () => ({ data: {} }),
    urlOf: () => 'http://server.local/',
    connect: () => ({
      request: (url, options) => request(url, { ...options, dispatcher }),
      fetch: url => fetch(url, { dispatcher })
    })
  }
}

/** Worker: there is nothing to do in it. */
export async function join() {
  return { connect: null }
}
