/**
 * Keeps what a build writes, and cuts it into lines. Main thread of a command; pure.
 */
import { StringDecoder } from 'node:string_decoder'

/** Characters of the output of one build that are kept: the last ones, where an error is told. */
const keptMax = 256 * 1024

/** The output of one build. */
export class Output {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #kept = ''
  #dropped = 0
  #line = ''

  /** @param onLine Called with each line as soon as it is complete. */
  constructor(onLine: (line: string) => void = () => {}) {
    this.#onLine = onLine
  }

  /** More of it. */
  add(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk))
  }

  /** There is no more. */
  end(): void {
    this.#take(this.#decoder.end())
    if (this.#line !== '') this.#onLine(this.#line)
    this.#line = ''
  }

  /** What was kept of it, and a line about what was not. */
  get text(): string {
    return this.#dropped === 0 ? this.#kept : `[${this.#dropped} characters before this]\n${this.#kept}`
  }

  #take(text: string): void {
    this.#kept += text
    const excess = this.#kept.length - keptMax
    if (excess > keptMax) {
      this.#dropped += excess
      this.#kept = this.#kept.slice(excess)
    }
    const lines = (this.#line + text).split(/\r?\n/)
    this.#line = lines.pop() ?? ''
    for (const line of lines) this.#onLine(line)
  }
}
