/** Which export is taken for what, without a thread. */
import assert from 'node:assert/strict'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import { createServer as createTcp } from 'node:net'
import { test } from 'node:test'

import { exportNames, findExport, recognise } from '../../src/worker/recognise.ts'

const listener = (_request: unknown, _response: unknown): void => {}
const answer = (_request: unknown): Response => new Response()
const noop = (): void => {}
const fastify = { routing: noop, ready: noop, inject: noop, server: {} }
const koa = { callback: noop, use: noop, middleware: [] }
const express = Object.assign((_q: unknown, _s: unknown, _n: unknown): void => {}, {
  handle: noop,
  use: noop
})
const hono = { fetch: answer }
class Unrelated {
  fetch = 5
}

const modules: [string, Record<string, unknown>, [string, string] | null][] = [
  ['a listener by default', { default: listener }, ['default', 'listener']],
  ['a listener by name', { handler: listener }, ['handler', 'listener']],
  ['a listener of CommonJS', { default: { handler: listener } }, ['handler', 'listener']],
  ['rest parameters', { default: (..._all: unknown[]): void => {} }, ['default', 'listener']],
  ['one parameter can only return its answer', { default: answer }, ['default', 'fetch']],
  ['http.Server', { server: createHttp() }, ['server', 'server']],
  ['https.Server', { default: createHttps() }, ['default', 'server']],
  ['an HTTP/2 server', { default: createHttp2() }, ['default', 'server']],
  ['Fastify', { app: fastify }, ['app', 'fastify']],
  ['Koa', { default: koa }, ['default', 'koa']],
  ['Express as module.exports', { default: express }, ['default', 'express']],
  ['Hono', { default: hono }, ['default', 'fetch']],
  ['a function named fetch', { fetch: listener }, ['fetch', 'fetch']],
  ['transpiled CommonJS', { default: { __esModule: true, default: listener } }, ['default', 'listener']],
  ['create', { create: noop }, ['create', 'factory']],
  ['build', { build: async () => fastify }, ['build', 'factory']],
  ['a factory by default', { default: async function build() {} }, ['default', 'factory']],
  ['an application before a factory', { create: noop, app: express }, ['app', 'express']],
  ['the default before names', { app: express, default: koa }, ['default', 'koa']],
  ['a class', { default: Unrelated }, null],
  ['a TCP server', { server: createTcp() }, null],
  ['other names', { start: listener }, null],
  ['values', { default: 5, app: 'text', server: null }, null],
  ['nothing', {}, null]
]

test('recognise() takes the first usable export and says what it is', () => {
  for (const [name, exported, expected] of modules) {
    const offer = recognise(exported)
    assert.deepEqual(offer === null ? null : [offer.name, offer.form], expected, name)
  }
})

test('exportNames() lists what a module exports itself, whatever its kind', () => {
  assert.deepEqual(exportNames({}), [])
  assert.deepEqual(exportNames({ default: {}, 'module.exports': {} }), [])
  assert.deepEqual(exportNames({ default: { __esModule: true, a: 1 }, a: 1, b: 2 }), ['a', 'b'])
  assert.deepEqual(exportNames({ default: 5 }), ['default'])
})

test('findExport() looks into the default export too', () => {
  assert.equal(findExport({ hasServer: false }, 'hasServer'), false)
  assert.equal(findExport({ default: { hasServer: false } }, 'hasServer'), false)
  assert.equal(findExport({ default: 5 }, 'hasServer'), undefined)
})
