/**
 * Makes of the hooks an application has set what the mesh's server calls. Any thread, server side.
 */
import type { IncomingMessage } from 'node:http'

import { asError } from '../errors.ts'
import type { ServerHooks } from '../server/hooks.ts'
import { hookList, type ServerHookOptions } from './hooks.ts'

/**
 * The hooks as the server calls them, `null` when none are set.
 *
 * @throws MESH_INVALID_OPTION for a hook that is none.
 */
export function makeServerHooks(options: ServerHookOptions): ServerHooks | null {
  const onRequest = hookList('onServerRequest', options.onServerRequest)
  const onResponse = hookList('onServerResponse', options.onServerResponse)
  const onError = hookList('onServerError', options.onServerError)
  if (onRequest.length + onResponse.length + onError.length === 0) return null
  return {
    onRequest: (request, next) => inTurn(onRequest, 0, { request, next }),
    onResponse: (request, response) => {
      for (const hook of onResponse) hook(request, response)
    },
    onError: (request, response, error) => {
      for (const hook of onError) hook(request, response, error)
    }
  }
}

function inTurn(
  hooks: readonly ((request: IncomingMessage, next: () => void) => void)[],
  at: number,
  on: { request: IncomingMessage; next: () => void }
): void {
  const hook = hooks[at]
  if (hook === undefined) on.next()
  else hook(on.request, () => inTurn(hooks, at + 1, on))
}

/**
 * Hooks that hold requests back until an application has started, in front of those it has set. Requests
 * before that are what starts it.
 */
export function startingHooks(start: () => Promise<unknown>, hooks: ServerHooks | null): ServerHooks {
  let started = false
  return {
    onRequest: (request, next) => {
      const go = (): void => {
        if (hooks === null) next()
        else hooks.onRequest(request, next)
      }
      if (started) {
        go()
        return
      }
      void (async () => {
        try {
          await start()
        } catch (error) {
          // Its caller is told why; whoever set it up may try again.
          request.destroy(asError(error))
          return
        }
        started = true
        // What the application throws is its own uncaught error, not a failed start.
        process.nextTick(go)
      })()
    },
    onResponse: (request, response) => hooks?.onResponse(request, response),
    onError: (request, response, error) => hooks?.onError(request, response, error)
  }
}
