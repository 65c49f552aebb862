/**
 * `@heddle/mesh`, from the build the settings name.
 */
import { createServer } from 'node:http'

import { getGlobalDispatcher, request } from 'undici'

const domain = '.local'

function connectWith(mesh) {
  mesh.installGlobals()
  const dispatcher = getGlobalDispatcher()
  return () => ({
    request: (url, options) => request(url, { ...options, dispatcher }),
    fetch: url => globalThis.fetch(url)
  })
}

/** Main thread. */
export async function open({ entry }) {
  const { Registry, joinMesh } = await import(entry)
  const registry = new Registry({ domain, capacity: 1024 })
  return {
    seat(name) {
      const { ticket, transferList, member } = registry.admit({ name, hostname: name })
      return { data: { entry, ticket }, transferList, ready: () => member.publish() }
    },
    urlOf: name => `http://${name}${domain}/`,
    connect: connectWith(joinMesh(registry.admit({ name: 'main', hostname: null }).ticket))
  }
}

/** Worker. */
export async function join({ entry, ticket }, application) {
  const { joinMesh } = await import(entry)
  const mesh = joinMesh(ticket)
  if (application?.fastify) {
    await application.fastify.ready()
    mesh.serve(application.fastify.server)
  } else if (application) mesh.serve(createServer(application.listener))
  let connect = null
  return { connect: target => (connect ??= connectWith(mesh))(target) }
}
