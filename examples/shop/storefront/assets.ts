/** The files a page needs, read once when the worker starts and served from memory. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { FastifyInstance } from 'fastify'

const types = {
  'shop.css': 'text/css; charset=utf-8',
  'workers.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml'
} as const

/** Adds the routes under `/assets/`. */
export function addAssets(app: FastifyInstance): void {
  for (const [name, type] of Object.entries(types)) {
    const content = readFileSync(join(import.meta.dirname, 'assets', name))
    const etag = `"${createHash('sha1').update(content).digest('base64url')}"`
    app.get(`/assets/${name}`, (request, reply) => {
      // Five minutes: long enough for a visit, short enough for somebody who edits the file.
      reply.header('cache-control', 'public, max-age=300').header('etag', etag).type(type)
      return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.send(content)
    })
  }
}
