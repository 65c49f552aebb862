/**
 * Asks a person on a terminal: one of several, yes or no, a text. Enter takes what is proposed.
 *
 * Main thread of a command. Questions go where their answers come from; whoever reads a pipe never sees one.
 */
import { createInterface } from 'node:readline'
import type { Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** Somebody who answers. */
export interface Person {
  /** One of these; resolves with its index. */
  choose(question: string, choices: readonly string[], proposed: number): Promise<number>
  confirm(question: string, proposed: boolean): Promise<boolean>
  /** @param judge What is wrong with an answer, as a sentence; `null` when nothing is. */
  ask(question: string, proposed: string, judge: (answer: string) => string | null): Promise<string>
  /** Gives the terminal back. */
  close(): void
}

/** Somebody who wanted no more questions: Ctrl-C, or the end of the input. */
export class Declined extends Error {
  override readonly name = 'Declined'
}

/** A person at a terminal. */
export function personAt(input: Readable, output: Writable): Person {
  const lines = createInterface({ input, output, terminal: true })
  let refuse: (() => void) | null = null
  let isOver = false
  const end = (): void => {
    isOver = true
    refuse?.()
  }
  lines.on('SIGINT', () => lines.close())
  lines.on('close', end)

  const line = (prompt: string): Promise<string> =>
    new Promise((resolve, reject) => {
      refuse = () => reject(new Declined('No more questions.'))
      if (isOver) return refuse()
      lines.question(prompt, answer => {
        refuse = null
        resolve(answer.trim())
      })
    })

  const until = async <Answer>(prompt: string, read: (answer: string) => Answer | Wrong): Promise<Answer> => {
    for (;;) {
      const answer = read(await line(prompt))
      if (!(answer instanceof Wrong)) return answer
      output.write(`  ${answer.sentence}\n`)
    }
  }

  return {
    async choose(question, choices, proposed) {
      output.write(`${question}\n`)
      choices.forEach((choice, index) => output.write(`  ${index + 1}  ${choice}\n`))
      const wrong = new Wrong(`A number from 1 to ${choices.length}, please.`)
      return until(`(${proposed + 1}) `, answer => {
        if (answer === '') return proposed
        const index = Number(answer) - 1
        return Number.isSafeInteger(index) && index >= 0 && index < choices.length ? index : wrong
      })
    },
    confirm(question, proposed) {
      return until(`${question} (${proposed ? 'Y/n' : 'y/N'}) `, answer => {
        if (answer === '') return proposed
        if (/^y(?:es)?$/i.test(answer)) return true
        return /^no?$/i.test(answer) ? false : new Wrong('Yes or no, please.')
      })
    },
    ask(question, proposed, judge) {
      return until(`${question}${proposed === '' ? '' : ` (${proposed})`} `, answer => {
        const given = answer === '' ? proposed : answer
        const wrong = judge(given)
        return wrong === null ? given : new Wrong(wrong)
      })
    },
    close() {
      refuse = null
      closeLines(lines)
    }
  }
}

function closeLines(lines: Interface): void {
  lines.removeAllListeners('close')
  lines.close()
}

/** An answer that is none, and what would be one. */
class Wrong {
  readonly sentence: string

  constructor(sentence: string) {
    this.sentence = sentence
  }
}
