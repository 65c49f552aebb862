/** The socket for commands, in a directory of its test's own, in front of operations that only take notes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { Api } from '../../../src/main/admin/api.ts'
import { ControlSocket } from '../../../src/main/admin/control-socket.ts'
import { EventRing } from '../../../src/main/admin/event-ring.ts'
import type { LogFilter, LogSource } from '../../../src/control/log-source.ts'
import type { StatusReport } from '../../../src/main/admin/report.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import type { Clock } from '../../../src/shared/clock.ts'
import { report as exampleReport } from './example-report.ts'
import { fakeOperations } from './fake-operations.ts'
import type { FakeOperations } from './fake-operations.ts'

/** A server with the application `api`. */
export const report: StatusReport = exampleReport

/** Who the server says it is. */
export const introduction = { name: 'shop', root: '/srv/shop', file: null, applications: ['web'], url: null }

/** An API in front of operations that only take notes. */
export interface ApiSetting {
  readonly operations: FakeOperations
  readonly api: Api
  /** Announces an event to whoever listens through the API. */
  readonly announce: (name: string, fact: unknown) => void
  /** What the API has announced itself. */
  readonly announced: (readonly [name: string, fact: unknown])[]
  readonly logs: PaperLog
}

/** Makes one. */
export function setUpApi(shown: StatusReport = report, clock: Clock = systemClock): ApiSetting {
  const operations = fakeOperations(shown)
  const listeners = new Set<(name: string, fact: unknown) => void>()
  const listen = (listener: (name: string, fact: unknown) => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const announce = (name: string, fact: unknown): void => {
    for (const listener of listeners) listener(name, fact)
  }
  const announced: (readonly [name: string, fact: unknown])[] = []
  const logs = new PaperLog()
  const api = new Api({
    operations,
    listen,
    events: new EventRing(listen, 1),
    eventNames: ['a:done', 'b:done'],
    logs,
    announce: (name, fact) => {
      announced.push([name, fact])
      announce(name, fact)
    },
    clock
  })
  return { operations, api, announce, announced, logs }
}

/** A socket in front of such an API. */
export interface Setting extends ApiSetting {
  readonly directory: string
  readonly control: ControlSocket
}

/** Makes one that is gone when the test is over; nothing is open yet. */
export function setUp(t: TestContext, directory = freshDirectory(t), clock: Clock = systemClock): Setting {
  const setting = setUpApi(report, clock)
  const control = new ControlSocket(directory, setting.api, systemClock)
  t.after(() => control.close())
  return { ...setting, directory, control }
}

/** A log of as many lines as somebody writes; ids are the numbers of lines from 1. */
export class PaperLog implements LogSource {
  readonly lines: Record<string, unknown>[] = []
  /** How it was asked for, each time. */
  readonly opened: (readonly [LogFilter, { readonly tail: number; readonly after?: string }])[] = []
  /** Lines that are said to be lost at the next look. */
  lost = 0
  /** How many read it at present. */
  readers = 0
  #closed = Promise.withResolvers<void>()

  /** Resolves when the next reader has gone. */
  oneClosed(): Promise<void> {
    return this.#closed.promise
  }

  open(
    filter: LogFilter,
    from: { readonly tail: number; readonly after?: string }
  ): ReturnType<LogSource['open']> {
    this.opened.push([filter, from])
    this.readers++
    let next = from.after === undefined ? Math.max(0, this.lines.length - from.tail) : Number(from.after)
    return {
      read: max => {
        const messages = this.lines
          .slice(next, next + max)
          .map((line, index) => ({ id: String(next + index + 1), line }))
        next += messages.length
        const { lost } = this
        this.lost = 0
        return { messages, lost }
      },
      close: () => {
        this.readers--
        this.#closed.resolve()
      }
    }
  }
}

function freshDirectory(t: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'heddle-api-'))
  t.after(() => rmSync(parent, { recursive: true }))
  return join(parent, 'heddle')
}
