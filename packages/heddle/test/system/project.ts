/** A directory with a configuration and applications that a test changes while their server runs. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

import { command, runHeddleIn } from './heddle-process.ts'
import type { Ended, Started } from './heddle-process.ts'

/** The directory, and the commands run in it. */
export interface Project {
  readonly root: string
  /** Writes files by their path in the project. */
  write(files: Readonly<Record<string, string>>): void
  /** Starts the server of the project and waits until it has started. */
  start(...argv: readonly string[]): Promise<Started>
  /** Runs a command to its end. */
  heddle(...argv: readonly string[]): Promise<Ended>
  /**
   * Runs a command until it prints that; fails when its code is not 0. Who is ready, for one, depends on who turns, which
   * a thread may do late on a busy machine.
   */
  shows(pattern: RegExp, ...argv: readonly string[]): Promise<void>
}

/** A project that is gone when the test is over. */
export function createProject(t: TestContext, files: Readonly<Record<string, string>>): Project {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-project-')))
  const write = (changed: Readonly<Record<string, string>>): void => {
    for (const [path, content] of Object.entries(changed)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), content)
    }
  }
  write(files)
  const start = async (...argv: readonly string[]): Promise<Started> => {
    const heddle = runHeddleIn(t, root, 'start', ...argv)
    const { url } = await heddle.line('Server has started.')
    return { ...heddle, url: String(url) }
  }
  const heddle = (...argv: readonly string[]): Promise<Ended> => command(root, ...argv)
  const shows = async (pattern: RegExp, ...argv: readonly string[]): Promise<void> => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- Until it is so.
      const { code, stdout, stderr } = await heddle(...argv)
      assert.equal(code, 0, `${argv.join(' ')}: ${stderr}`)
      if (pattern.test(stdout)) return
    }
  }
  t.after(() => rmSync(root, { recursive: true, force: true }))
  return { root, write, start, heddle, shows }
}

/**
 * Code of an application that answers with a word, at once or after `?ms=`; for `/begun` the head comes at once and tells
 * the caller that the request is being worked on.
 */
export function answering(word: string): string {
  return `
    import { createServer } from 'node:http'
    createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url, 'http://localhost')
      if (pathname === '/begun') response.flushHeaders()
      request.resume()
      request.on('end', () => setTimeout(() => response.end('${word}'), Number(searchParams.get('ms') ?? 0)))
    }).listen(3000)`
}

/**
 * Code of an application whose worker is stuck for good once it is asked for `/stuck`: in a call of the system that nobody
 * can interrupt, and that takes no processor from anybody.
 */
export const gettingStuck = `
  import { execFileSync } from 'node:child_process'
  import { openSync } from 'node:fs'
  import { createServer } from 'node:http'
  import { fileURLToPath } from 'node:url'
  import { threadId } from 'node:worker_threads'
  createServer((request, response) => {
    if (request.url !== '/stuck') {
      response.end('thread ' + threadId)
      return
    }
    const pipe = fileURLToPath(new URL('pipe-' + threadId, import.meta.url))
    execFileSync('mkfifo', [pipe])
    process.stdout.write('stuck from now on\\n')
    // Until somebody opens the other end.
    openSync(pipe)
  }).listen(3000)`
