/**
 * The few things `heddle init` asks. Without a person each has the answer most people would give, or is an error.
 *
 * Main thread of a command.
 */
import { dirname, relative, resolve } from 'node:path'

import { judgeEntry } from '../../config/discovery.ts'
import type { Disk } from '../../config/disk.ts'
import { HeddleError } from '../../errors.ts'
import type { Choices } from '../../init/compose.ts'
import { nameOf } from '../../init/look.ts'
import type { ScriptedPackage } from '../../init/package-scripts.ts'
import { readSources } from '../../init/source-text.ts'
import { frameworks } from '../../init/starter.ts'
import type { Framework } from '../../init/starter.ts'
import { freeId } from '../../init/survey.ts'
import type { Survey } from '../../init/survey.ts'
import type { Person } from '../terminal/ask.ts'
import type { Wishes } from './init-wishes.ts'

/** What a new application is written with. */
export async function askFramework(person: Person | null): Promise<Framework> {
  if (person === null) return 'http'
  const names = Object.keys(frameworks) as Framework[]
  const question = 'There is no application here yet. What shall a small one be written with?'
  const chosen = await person.choose(
    question,
    names.map(name => frameworks[name]),
    0
  )
  return names[chosen] ?? 'http'
}

/** Which application is public, and where. */
export async function askChoices(
  { applications }: Survey,
  proposed: Choices,
  { person, wishes }: { readonly person: Person | null; readonly wishes: Wishes }
): Promise<Choices> {
  if (person === null) return proposed
  const servers = applications.filter(({ serves }) => serves)
  let { entrypoint, port } = proposed
  if (servers.length > 1 && wishes.entrypoint === null) {
    const index = servers.findIndex(({ id }) => id === entrypoint)
    const names = servers.map(({ id, framework }) => (framework === null ? id : `${id} (${framework})`))
    const chosen = await person.choose(
      'Which application answers the public port?',
      names,
      Math.max(0, index)
    )
    entrypoint = servers[chosen]?.id ?? entrypoint
    port = wishes.portGiven ?? servers[chosen]?.port ?? wishes.port
  }
  if (wishes.portGiven !== null || entrypoint === null) return { entrypoint, port }
  const answer = await person.ask('On which port?', String(port), text => {
    const number = Number(text)
    const isPort = /^\d+$/.test(text) && number <= 65_535
    return isPort ? null : 'A number up to 65535, please.'
  })
  return { entrypoint, port: Number(answer) }
}

/** Whether scripts are added to package.json. */
export function askScripts({ scripts, depends }: ScriptedPackage, person: Person | null): Promise<boolean> {
  if (person === null) return Promise.resolve(true)
  const what = `the script${scripts.length === 1 ? '' : 's'} ${scripts.join(' and ')}`
  return person.confirm(`Add ${what}${depends ? ', and heddle as a dependency,' : ''} to package.json?`, true)
}

/**
 * The survey with the application somebody names.
 *
 * @throws {HeddleError} HEDDLE_NOTHING_FOUND when there is nobody to ask.
 */
export async function askEntry(found: Survey, disk: Disk, person: Person | null): Promise<Survey> {
  const { root, leftOut } = found
  if (person === null) throw new HeddleError('HEDDLE_NOTHING_FOUND', { directory: root, leftOut })
  const question = 'No application was recognised. Which file starts yours?'
  const answer = await person.ask(question, '', text => {
    if (text === '') return 'A file, please; Ctrl-C leaves everything as it is.'
    const judged = judgeEntry(disk, resolve(root, text))
    return judged.found ? null : judged.message
  })
  const path = resolve(root, answer)
  const facts = readSources(disk, path)
  const application = {
    id: freeId(nameOf(root), new Set()),
    directory: dirname(path),
    path: '',
    entry: relative(root, path).replaceAll('\\', '/'),
    manifest: null,
    source: 'named by hand',
    framework: null,
    serves: true,
    port: facts.port,
    calls: facts.calls,
    troubles: facts.troubles,
    options: null,
    env: {},
    todo: null
  }
  return { ...found, applications: [application] }
}
