/**
 * The access log of an edge under test: a file its thread writes to. Main thread of a test.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ThreadLogger } from '../../src/channel/messages.ts'

/** One line of the access log, as JSON has it. */
export interface AccessRecord {
  readonly level: string
  readonly time: string
  readonly msg: string
  readonly application?: string
  readonly worker: string
  readonly requestId: string | null
  readonly client: string
  readonly method: string | null
  readonly host: string | null
  readonly path: string
  readonly protocol: string | null
  readonly status: number | null
  readonly bytesIn: number
  readonly bytesOut: number
  readonly queueMs: number
  readonly responseMs: number | null
  readonly totalMs: number
  readonly tunnelMs?: number
  readonly retries: number
  readonly reason: string
  readonly phase: string
  readonly detail?: string
  readonly userAgent: string | null
  readonly referer: string | null
}

/** The file and who reads it. */
export class AccessLogFile {
  readonly path: string

  /** @param t Whatever calls back when it is over. */
  constructor(t: { after(run: () => void): void }) {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-access-'))
    this.path = join(folder, 'access.log')
    writeFileSync(this.path, '')
    t.after(() => rmSync(folder, { recursive: true }))
  }

  /** What an edge thread is given to write here, and nowhere else. */
  get logger(): ThreadLogger {
    return { level: 'info', format: 'json', colour: false, stdout: false, file: this.path }
  }

  /** The lines so far. */
  lines(): readonly string[] {
    return readFileSync(this.path, 'utf8').split('\n').slice(0, -1)
  }

  /** Resolves with all lines as soon as there are so many. */
  async reaches(count: number): Promise<readonly string[]> {
    const watcher = watch(this.path)
    try {
      while (this.lines().length < count) await once(watcher, 'change')
    } finally {
      watcher.close()
    }
    const lines = this.lines()
    assert.equal(lines.length, count, lines.join('\n'))
    return lines
  }

  /** Resolves with what is logged of the only request. */
  async only(): Promise<AccessRecord> {
    return this.record(0)
  }

  /** Resolves with that line, when it is the last one. */
  async record(index: number): Promise<AccessRecord> {
    const lines = await this.reaches(index + 1)
    return JSON.parse(lines[index] ?? '') as AccessRecord
  }
}
