/**
 * node's http module. Any thread.
 *
 * Not by `import`: that reads every property of the module to make its bindings, among them the getter that
 * loads undici. Measured: 12 to 17 MB and 25 to 40 ms for each thread, of which most never use it.
 */

import type * as Http from 'node:http'

/** What `node:http` exports. */
export const http: typeof Http = process.getBuiltinModule('node:http')
