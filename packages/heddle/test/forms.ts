/** Every form an application may have, by its fixture, and how it is recognised: for each way of running one. */
export const forms = [
  { entry: 'script-http/server.mjs', kind: 'listen' },
  { entry: 'script-express/server.cjs', kind: 'listen' },
  { entry: 'script-fastify/server.mjs', kind: 'fastify' },
  { entry: 'script-koa/server.mjs', kind: 'listen' },
  { entry: 'script-hono/server.mjs', kind: 'listen' },
  { entry: 'script-main/server.cjs', kind: 'listen' },
  { entry: 'script-argv/server.mjs', kind: 'listen' },
  { entry: 'script-meta/server.mjs', kind: 'listen' },
  { entry: 'listener-esm/app.mjs', kind: 'listener' },
  { entry: 'listener-cjs/app.cjs', kind: 'listener' },
  { entry: 'server-export/app.mjs', kind: 'listen' },
  { entry: 'fastify-export/app.mjs', kind: 'fastify' },
  { entry: 'express-export/app.cjs', kind: 'express' },
  { entry: 'koa-export/app.mjs', kind: 'koa' },
  { entry: 'hono-export/app.mjs', kind: 'fetch' },
  { entry: 'fetch-function/app.mjs', kind: 'fetch' },
  { entry: 'factory-create/app.cjs', kind: 'listen' },
  { entry: 'factory-build/app.mjs', kind: 'fastify' },
  { entry: 'typescript/app.ts', kind: 'listener' },
  { entry: 'typescript-script/server.ts', kind: 'listen' }
]
