/**
 * The log lines of one thread: what it is given for them when it is started, and their way out of it.
 *
 * Runs in every thread of a server. A line goes to the process's output, to the log file and into the thread's ring
 * (`log-ring.ts`), written by the thread itself: the main thread is on no line's way. It never throws.
 */
import { types } from 'node:util'

import { LogCells, createLogCells } from '../shared/log-cells.ts'
import { LogFile } from '../shared/log-file.ts'
import type { FileNews } from '../shared/log-file.ts'
import { formatBody, formatJson, formatLine, isLevelEnabled } from '../shared/log-line.ts'
import type { Level, LogLine } from '../shared/log-line.ts'
import { compileRedaction } from '../shared/log-redact.ts'
import type { Redact } from '../shared/log-redact.ts'
import { inWords, toErrorRecord } from '../shared/log-value.ts'
import { StdoutWriter } from '../shared/log-stdout.ts'
import type { StdoutManner } from '../shared/log-stdout.ts'
import type { LogTarget } from '../shared/log.ts'
import { LogRingWriter, bodyMax } from './log-ring.ts'
import type { ThreadLogger } from './messages.ts'

/** Who speaks in a thread, unless a line says otherwise. */
export interface Speaker {
  readonly application?: string
  readonly worker?: string
}

/** How a thread writes. */
export interface ThreadManner extends StdoutManner {
  /**
   * Whether the lines of one turn of the event loop leave together, at its end. For threads that write many and run no
   * code but our own.
   */
  readonly gathers?: boolean
}

/** Bytes gathered after which the turn's end is not waited for. */
const gatherMax = 64 * 1024

/** A larger piece of memory is not kept for the next line. */
const scratchMax = 4 * gatherMax

/** What is kept of the message of a line that is too long for the ring. */
const shortMessage = 4096

/** The way out of one thread. */
export class ThreadLog implements LogTarget {
  readonly #logger: ThreadLogger
  readonly #speaker: Speaker
  readonly #redact: Redact | null
  readonly #ring: LogRingWriter | null
  readonly #cells: LogCells | null
  readonly #stdout: StdoutWriter
  readonly #file: LogFile | null
  readonly #gathers: boolean
  #scratch = Buffer.allocUnsafeSlow(8 * 1024)
  /** What has been gathered for the output; for the file as well, unless that gets other lines. */
  readonly #out = new Batch()
  readonly #filed: Batch
  #isSending = false

  /** @param fd The process's output; another one in tests. */
  constructor(logger: ThreadLogger, speaker: Speaker, manner: ThreadManner, fd = 1) {
    const { memory, file, redact } = logger
    const cells = memory === undefined ? null : new LogCells(memory.cells)
    const shared = cells ?? new LogCells(createLogCells())
    this.#logger = logger
    this.#speaker = speaker
    this.#redact = redact === undefined || redact.length === 0 ? null : compileRedaction(redact)
    this.#ring = memory === undefined ? null : new LogRingWriter(memory.ring, shared.owner)
    this.#cells = cells
    this.#stdout = new StdoutWriter(fd, shared, manner)
    this.#file = file ? new LogFile(file, shared, news => this.#tell(news)) : null
    this.#gathers = manner.gathers === true
    this.#filed = this.#file === null || logger.format === 'json' ? this.#out : new Batch()
  }

  isEnabled(level: Level): boolean {
    return this.#ring === null ? isLevelEnabled(this.#logger.level, level) : this.#ring.isEnabled(level)
  }

  write(line: LogLine): void {
    if (this.isEnabled(line.level)) this.#write(line)
  }

  /** Writes a line that a key of its own has asked for, at every level but `silent`. */
  writeAsked(line: LogLine): void {
    if (this.isEnabled('error')) this.#write(line)
  }

  #write(line: LogLine): void {
    try {
      this.#writeWhole(this.#hidden({ ...this.#speaker, ...line }))
    } catch (error) {
      // Something in it throws when it is read: a line must not end who writes it.
      const reason = `cannot be written: ${inWords(error)}`
      this.#writeWhole({ ...this.#speaker, ...line, fields: {}, error: reason })
    }
  }

  #writeWhole(whole: LogLine): void {
    const isJson = this.#logger.format === 'json'
    // A pretty line is all that is needed when nothing else is written.
    if (!isJson && this.#ring === null && this.#file === null) {
      const pretty = this.#encode(`${formatLine(this.#logger, whole)}\n`)
      this.#send(pretty, pretty)
      return
    }
    const { text, bodyAt } = formatJson(whole)
    const json = this.#encode(`${text}\n`)
    this.#keep(whole, json, bodyAt)
    this.#send(isJson ? json : Buffer.from(`${formatLine(this.#logger, whole)}\n`), json)
  }

  /**
   * Writes a line that has a form of its own, as it is, at every level but `silent`; the ring gets the line.
   *
   * @param text Without a newline.
   */
  writeText(text: string, line: LogLine): void {
    if (!this.isEnabled('error')) return
    const whole = this.#hidden({ ...this.#speaker, ...line })
    const { text: json, bodyAt } = formatJson(whole)
    this.#keep(whole, this.#encode(`${json}\n`), bodyAt)
    const bytes = this.#encode(`${text}\n`)
    this.#send(bytes, bytes)
  }

  /** Keeps the beginning of a line that no newline has ended; lost with the thread otherwise. */
  keepPending(source: 'stdout' | 'stderr', text: string): void {
    this.#ring?.keepPending(source, text)
  }

  /** Writes what has been gathered or had to wait: before the thread ends, or the process. */
  flush(): void {
    this.#sendGathered()
    this.#stdout.flush()
  }

  #hidden(line: LogLine): LogLine {
    if (this.#redact === null) return line
    const { fields, error } = line
    const err = types.isNativeError(error) ? toErrorRecord(error) : error
    const { err: shown, ...rest } = this.#redact({ ...fields, err })
    return { ...line, fields: rest, ...(error === undefined ? {} : { error: shown }) }
  }

  /** @param json The line with its newline. */
  #keep(line: LogLine, json: Buffer, bodyAt: number): void {
    if (this.#ring === null || this.#cells === null) return
    const { application, worker } = this.#speaker
    const isOther = line.application !== application || line.worker !== worker
    const end = json.length - 1
    const isShort = end - bodyAt <= bodyMax
    this.#ring.append({
      sequence: this.#cells.nextLine(),
      time: line.time,
      level: line.level,
      speaker: isOther ? `${line.application ?? ''}\n${line.worker ?? ''}` : '',
      body: isShort ? json.subarray(bodyAt, end) : shortened(line, end)
    })
  }

  /** The bytes may be changed afterwards. */
  #send(out: Buffer, file: Buffer): void {
    if (!this.#gathers) {
      this.#put(out, file)
      return
    }
    this.#out.add(out)
    if (this.#filed !== this.#out) this.#filed.add(file)
    if (this.#out.length > gatherMax) this.#sendGathered()
    if (this.#isSending) return
    this.#isSending = true
    setImmediate(() => {
      this.#isSending = false
      this.#sendGathered()
    }).unref()
  }

  #sendGathered(): void {
    if (this.#out.length === 0) return
    this.#put(this.#out.bytes, this.#filed.bytes)
    this.#out.clear()
    this.#filed.clear()
  }

  #put(out: Buffer, file: Buffer): void {
    // Lines that the file does not take are not lost to a user who has nothing but the file.
    const isEnough = this.#file?.write(file) === true && this.#logger.stdout === false
    if (!isEnough) this.#stdout.write(out)
  }

  /** In memory that the next line uses again. */
  #encode(text: string): Buffer {
    // A character has three bytes at most for each of its units.
    if (text.length * 3 > this.#scratch.length) {
      if (text.length * 3 > scratchMax) return Buffer.from(text)
      this.#scratch = Buffer.allocUnsafeSlow(text.length * 3)
    }
    return this.#scratch.subarray(0, this.#scratch.write(text, 'utf8'))
  }

  /** About the file, so not into the file. */
  #tell(news: FileNews): void {
    const path = this.#logger.file
    const line: LogLine =
      news.kind === 'failed'
        ? {
            time: Date.now(),
            level: 'error',
            message: 'The log file cannot be written: until it can, lines go to standard output.',
            fields: { path, reason: news.reason }
          }
        : {
            time: Date.now(),
            level: 'warn',
            message: 'The log file is written again.',
            fields: { path, missing: news.lost }
          }
    const whole = { ...this.#speaker, ...line }
    const { text, bodyAt } = formatJson(whole)
    this.#keep(whole, Buffer.from(`${text}\n`), bodyAt)
    this.#stdout.write(Buffer.from(`${formatLine(this.#logger, whole)}\n`))
  }
}

/** Lines that wait to be written together, as bytes. */
class Batch {
  #memory = Buffer.alloc(0)
  length = 0

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.length)
  }

  add(line: Buffer): void {
    const needed = this.length + line.length
    if (needed > this.#memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#memory.length))
      larger.set(this.bytes)
      this.#memory = larger
    }
    this.#memory.set(line, this.length)
    this.length = needed
  }

  /** One that has become large once is not kept so. */
  clear(): void {
    this.length = 0
    if (this.#memory.length > scratchMax) this.#memory = Buffer.alloc(0)
  }
}

function shortened(line: LogLine, length: number): Buffer {
  const message = line.message.slice(0, shortMessage)
  return Buffer.from(formatBody({ ...line, message, fields: { truncated: length }, error: undefined }))
}
