/**
 * Shows how a build goes: a line for each on a terminal, plain lines into a pipe, nothing for programs.
 *
 * Main thread of a command.
 */
import type { BuildListener } from '../../build/build.ts'
import type { BuildPlan, Step } from '../../build/plan.ts'
import type { StepEnd } from '../../build/run-steps.ts'
import { paint } from '../paint.ts'
import type { Style } from '../paint.ts'
import { duration } from '../terminal/amounts.ts'
import { cleanLine } from '../terminal/clean-text.ts'
import { clip } from '../terminal/clip.ts'

/** Told of what happens, and of the end. */
export interface BuildView extends BuildListener {
  /** All is over. */
  close(): void
}

/** Milliseconds between two pictures. */
const frameMs = 100

/** The view for standard output, after a line for each application that has no build. */
export function createBuildView(plan: BuildPlan, { isVerbose }: { readonly isVerbose: boolean }): BuildView {
  const out = process.stdout
  for (const { name, reason } of plan.nothing) {
    out.write(`${paint('dim', `${name}: nothing to build, ${reason}`, out)}\n`)
  }
  const isStreamed = isVerbose || plan.steps.length === 1
  const fits = plan.steps.length < (out.rows ?? 0) - 1
  return out.isTTY && !isStreamed && fits ? new LiveView(plan, out) : plainView(plan, isStreamed)
}

/** A line when a build begins and when it ends, and its output: as it comes, or when it has failed. */
function plainView({ steps }: BuildPlan, isStreamed: boolean): BuildView {
  const out = process.stdout
  const width = Math.max(0, ...steps.map(({ name }) => name.length))
  return {
    onBegin: ({ name, command }) => void out.write(`${name}: ${command.text}\n`),
    onLine({ name }, line) {
      if (isStreamed) out.write(`${paint('dim', `${name.padEnd(width)} │`, out)} ${line}\n`)
    },
    onEnd(step, ended, output) {
      if (!isStreamed && !ended.isDone) out.write(failedOutput(step, output))
      out.write(`${endText(step.name, ended)}\n`)
    },
    close() {}
  }
}

/** Remembers how each build ended; of those that failed the output too. */
export function quietView(): BuildView & { readonly ended: readonly unknown[] } {
  const ended: unknown[] = []
  return {
    ended,
    onBegin() {},
    onLine() {},
    onEnd({ name, command }, { isDone, reason, durationMs }, output) {
      const told = isDone ? {} : { output }
      ended.push({
        name,
        command: command.text,
        ok: isDone,
        reason,
        durationMs: Math.round(durationMs),
        ...told
      })
    },
    close() {}
  }
}

/** A line for each build that is drawn again as long as they run. */
class LiveView implements BuildView {
  readonly #plan: BuildPlan
  readonly #out: NodeJS.WriteStream
  readonly #begun = new Map<string, { readonly at: number; last: string }>()
  readonly #ended = new Map<string, StepEnd>()
  readonly #timer: NodeJS.Timeout
  #drawn = 0

  constructor(plan: BuildPlan, out: NodeJS.WriteStream) {
    this.#plan = plan
    this.#out = out
    this.#timer = setInterval(() => this.#draw(), frameMs)
    this.#draw()
  }

  onBegin({ name }: Step): void {
    this.#begun.set(name, { at: performance.now(), last: '' })
  }

  onLine({ name }: Step, line: string): void {
    const begun = this.#begun.get(name)
    const text = cleanLine(line)
    if (begun !== undefined && text !== '') begun.last = text
  }

  onEnd(step: Step, ended: StepEnd, output: string): void {
    this.#ended.set(step.name, ended)
    if (ended.isDone) return this.#draw()
    this.#erase()
    this.#out.write(failedOutput(step, output))
    this.#draw()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#draw()
  }

  #erase(): void {
    if (this.#drawn > 0) this.#out.write(`\u001B[${this.#drawn}A\u001B[J`)
    this.#drawn = 0
  }

  #draw(): void {
    const columns = (this.#out.columns || 80) - 1
    const lines = this.#plan.steps.map(step => `${clip(this.#lineOf(step), columns)}\u001B[K\n`)
    const up = this.#drawn > 0 ? `\u001B[${this.#drawn}A` : ''
    this.#out.write(up + lines.join(''))
    this.#drawn = lines.length
  }

  #lineOf({ name, after, command }: Step): string {
    const ended = this.#ended.get(name)
    if (ended !== undefined) return endText(name, ended)
    const begun = this.#begun.get(name)
    const dim = (text: string): string => paint('dim', text, this.#out)
    if (begun !== undefined) {
      const since = duration(performance.now() - begun.at)
      return `${paint('cyan', '●', this.#out)} ${name} ${since} ${dim(begun.last === '' ? command.text : begun.last)}`
    }
    if ([...this.#ended.values()].some(({ isDone }) => !isDone)) return dim(`○ ${name} not begun`)
    const waited = after.filter(other => this.#ended.get(other)?.isDone !== true)
    return dim(`○ ${name}${waited.length === 0 ? '' : ` after ${waited.join(', ')}`}`)
  }
}

function endText(name: string, { isDone, reason, durationMs }: StepEnd): string {
  const style: Style = isDone ? 'green' : 'red'
  const mark = paint(style, isDone ? '✔' : '✘', process.stdout)
  return `${mark} ${name} ${isDone ? 'built in' : `${reason} after`} ${duration(durationMs)}`
}

function failedOutput({ name, command }: Step, output: string): string {
  const title = paint('bold', `${name}: ${command.text}`, process.stdout)
  return `${title}\n${output}${output === '' || output.endsWith('\n') ? '' : '\n'}`
}
