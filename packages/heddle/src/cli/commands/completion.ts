/**
 * `heddle completion`: prints a script for a shell, or the names the scripts ask for.
 *
 * Main thread of a command.
 */
import { didYouMean } from '../../config/nearest.ts'
import { HeddleError } from '../../errors.ts'
import type { StatusReport } from '../../main/admin/report.ts'
import { commands, groups } from '../command-facts.ts'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { zshScript } from '../completion/zsh.ts'
import { ask } from '../control-client.ts'
import { allServers, findServer, nameOf } from '../find-server.ts'
import type { Run } from '../program.ts'

const scripts: Readonly<Record<string, () => string>> = {
  bash: () => bashScript(commands),
  zsh: () => zshScript(commands, groups),
  fish: () => fishScript(commands, groups)
}

/** Milliseconds somebody who has pressed Tab waits for a server. */
const silenceMs = 1000

const names: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  applications: async () => (await readApplications()).map(({ id }) => id),
  workers: async () => (await readApplications()).flatMap(({ workers }) => workers.map(({ name }) => name)),
  targets: async () =>
    (await readApplications()).flatMap(({ id, workers }) => [id].concat(workers.map(({ name }) => name))),
  servers: async () => (await allServers()).map(nameOf)
}

/** Runs the command. */
export const completion: Run = async ({ words: [what = ''] }) => {
  const script = Object.hasOwn(scripts, what) ? scripts[what] : undefined
  if (script !== undefined) {
    process.stdout.write(script())
    return 0
  }
  const read = Object.hasOwn(names, what) ? names[what] : undefined
  if (read === undefined) {
    const known = Object.keys(scripts)
    const reason = `there is no completion for "${what}"${didYouMean(what, known)}; there is for ${known.join(', ')}`
    throw new HeddleError('HEDDLE_COMMAND_INVALID', { reason })
  }
  process.stdout.write((await read()).map(name => `${name}\n`).join(''))
  return 0
}

async function readApplications(): Promise<StatusReport['applications']> {
  const server = await findServer({ words: [], options: {} })
  return (await ask(server, { operation: 'status', silenceMs })).applications
}
