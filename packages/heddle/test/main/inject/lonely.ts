/**
 * A server in a process of its own that injects one request, says what came of it, and stops: the process has to end
 * by itself then.
 */
import { fileURLToPath } from 'node:url'

import { createCoordinator } from '../../../src/main/coordinator.ts'
import { createLog } from '../../../src/shared/log.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'

const path = fileURLToPath(new URL('../../fixtures/applications/injected/', import.meta.url))
const application = exampleApplication({ path, entry: `${path}app.mjs` })
const log = createLog({ level: 'silent', format: 'json', colour: false })
const server = createCoordinator(exampleConfig({ applications: [application] }), { log })
await server.start()
const { status } = await server.operations.inject('api', { path: '/pieces' })
const loaded: readonly string[] = Reflect.get(process, 'moduleLoadList')
const undici = loaded.filter(name => name.includes('undici/undici'))
await server.stop('it has said what it had to')
process.stdout.write(JSON.stringify({ status, undici }))
