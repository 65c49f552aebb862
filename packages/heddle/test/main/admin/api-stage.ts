/** The socket for commands, in a directory of its test's own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { Api } from '../../../src/main/admin/api.ts'
import { ControlSocket } from '../../../src/main/admin/control-socket.ts'
import type { StatusReport } from '../../../src/main/admin/report.ts'
import { report as exampleReport } from './example-report.ts'
import { fakeOperations } from './fake-operations.ts'
import type { FakeOperations } from './fake-operations.ts'

/** A server without applications. */
export const report: StatusReport = { ...exampleReport, applications: [] }

/** Who the server says it is. */
export const introduction = { name: 'shop', root: '/srv/shop', file: null, applications: ['web'], url: null }

/** A socket in front of operations that only take notes. */
export interface Setting {
  readonly directory: string
  readonly operations: FakeOperations
  readonly control: ControlSocket
  /** Announces an event to whoever listens through the API. */
  readonly announce: (name: string, fact: unknown) => void
}

/** Makes one that is gone when the test is over; nothing is open yet. */
export function setUp(t: TestContext, directory = freshDirectory(t)): Setting {
  const operations = fakeOperations(report)
  const listeners = new Set<(name: string, fact: unknown) => void>()
  const api = new Api(operations, listener => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  })
  const control = new ControlSocket(directory, api)
  t.after(() => control.close())
  const announce = (name: string, fact: unknown): void => {
    for (const listener of listeners) listener(name, fact)
  }
  return { directory, operations, control, announce }
}

function freshDirectory(t: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'heddle-api-'))
  t.after(() => rmSync(parent, { recursive: true }))
  return join(parent, 'heddle')
}
