/**
 * Reads what git ignores: the `.gitignore` of every directory from the top of the repository down, its
 * `.git/info/exclude`, and the file of the user for all repositories.
 *
 * Main thread only. It asks no git: there may be none, and starting it takes longer than reading these files. Without a
 * repository the files named `.gitignore` count all the same.
 */
import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import { parseIgnoreRules } from './ignore-rules.ts'
import type { IgnoreRule } from './ignore-rules.ts'

/** The name of the files that say what git ignores. */
export const ignoreFileName = '.gitignore'

/** The patterns in the `.gitignore` of one directory. */
export async function rulesIn(directory: string): Promise<readonly IgnoreRule[]> {
  return parseIgnoreRules(await textOf(join(directory, ignoreFileName)), directory)
}

/**
 * The patterns that apply in a directory because of what lies above it, the weakest first; its own `.gitignore` is left
 * out.
 *
 * @param env Where the home directory and the configuration of git are.
 */
export async function rulesAbove(
  directory: string,
  env: Readonly<Record<string, string | undefined>> = process.env
): Promise<readonly IgnoreRule[]> {
  const top = await topOf(directory)
  const above = directoriesBetween(top ?? directory, directory)
  const own = await Promise.all(above.map(rulesIn))
  if (top === null) return own.flat()
  const exclude = await textOf(join(top, '.git', 'info', 'exclude'))
  const everywhere = await textOf(await userFile(top, env))
  return [...parseIgnoreRules(everywhere, top), ...parseIgnoreRules(exclude, top), ...own.flat()]
}

/** The directory of the repository; `null` when there is none. */
async function topOf(directory: string): Promise<string | null> {
  for (let path = directory; ; path = dirname(path)) {
    // oxlint-disable-next-line no-await-in-loop -- Upwards, a directory at a time.
    if (await isThere(join(path, '.git'))) return path
    if (dirname(path) === path) return null
  }
}

/** From `top` down to the directory above `bottom`. */
function directoriesBetween(top: string, bottom: string): readonly string[] {
  const found: string[] = []
  for (let path = bottom; path !== top; path = dirname(path)) found.unshift(dirname(path))
  return found
}

/** The file of patterns for all repositories: what the configuration of git names, else where it is by default. */
async function userFile(top: string, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const home = env['HOME'] ?? homedir()
  const config = env['XDG_CONFIG_HOME'] ?? ''
  const configHome = config === '' ? join(home, '.config') : config
  const files = [join(top, '.git', 'config'), join(home, '.gitconfig'), join(configHome, 'git', 'config')]
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- The strongest first.
    const named = /^\s*excludesfile\s*=\s*"?([^"\r\n]*?)"?\s*$/im.exec(await textOf(file))?.[1]
    if (named !== undefined && named !== '') return resolve(home, named.replace(/^~\//, `${home}/`))
  }
  return join(configHome, 'git', 'ignore')
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    // Most of them are not there.
    return ''
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}
