/**
 * `heddle init`: writes a configuration for what is in a directory, or translates that of another program.
 *
 * Main thread. THE WALK: what is there → what a person says, when there is one → a plan → files → the check of the real
 * loader. Runs no application; an ecosystem file that is a program is run.
 */
import { realpathSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'

import { disk, loadConfig } from '../../config/load.ts'
import type { LoadOptions } from '../../config/load.ts'
import { HeddleError, isFailure } from '../../errors.ts'
import type { Format } from '../../init/config-text.ts'
import type { Draft } from '../../init/draft.ts'
import { nothingStarted } from '../../init/look.ts'
import { loadForeign } from '../../init/load-foreign.ts'
import { readManifest } from '../../init/manifest.ts'
import {
  existingConfigs,
  planDraft,
  planFound,
  planStarter,
  scriptsFor,
  usualChoices
} from '../../init/plan.ts'
import type { InitPlan, PlanPlace } from '../../init/plan.ts'
import { translateEcosystem } from '../../init/pm2.ts'
import { survey } from '../../init/survey.ts'
import type { Survey } from '../../init/survey.ts'
import { translateWatt } from '../../init/watt.ts'
import { isPlainObject } from '../../config/substitute.ts'
import { makeDirectory } from '../../shared/make-directory.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Run } from '../program.ts'
import { Declined, personAt } from '../terminal/ask.ts'
import type { Person } from '../terminal/ask.ts'
import { readWishes } from './init-wishes.ts'
import type { Wishes } from './init-wishes.ts'
import { askChoices, askEntry, askFramework, askScripts } from './init-questions.ts'
import { checkText, nextText, notesText, planText } from './init-text.ts'
import type { Checked } from './init-text.ts'

/** Runs the command. */
export const init: Run = async typed => {
  const wishes = readWishes(typed)
  const person = wishes.asks ? personAt(process.stdin, process.stdout) : null
  try {
    const plan = await makePlan(wishes, person)
    person?.close()
    return await carryOut(plan, wishes)
  } catch (error) {
    if (!(error instanceof Declined)) throw error
    process.stdout.write('\nNothing was written.\n')
    return exitCodes.interrupted.code
  } finally {
    person?.close()
  }
}

async function makePlan(wishes: Wishes, person: Person | null): Promise<InitPlan> {
  const { root } = wishes
  const isThere = disk.kind(root) === 'directory'
  const place = placeFor(wishes)
  const found = isThere ? survey(disk, root) : nothing(root)
  const from = wishes.from ?? (await foreignOf(found, person))
  if (from !== null) return planForeign(from, wishes, await withScripts(place, person))
  const isUnfit = found.leftOut.some(({ path, reason }) => path !== '' || reason !== nothingStarted)
  if (found.applications.length === 0 && found.isEmpty && !isUnfit) {
    const framework = wishes.framework ?? (await askFramework(person))
    const name = readManifest(disk, root)?.name ?? basename(root)
    return planStarter(framework, { name, port: wishes.port }, place)
  }
  const whole = found.applications.length > 0 ? found : await askEntry(found, disk, person)
  const usual = usualChoices(whole, wishes.port)
  const choices = await askChoices(whole, { ...usual, ...given(wishes, whole) }, { person, wishes })
  return planFound(whole, choices, await withScripts(place, person))
}

function nothing(root: string): Survey {
  return { root, applications: [], leftOut: [], isEmpty: true, foreign: [] }
}

/** What was typed outranks what is usual. */
function given(
  { entrypoint, portGiven }: Wishes,
  { applications }: Survey
): Partial<ReturnType<typeof usualChoices>> {
  judgeEntrypoint(
    entrypoint,
    applications.map(({ id }) => id)
  )
  const port =
    portGiven ??
    (entrypoint === null ? null : (applications.find(({ id }) => id === entrypoint)?.port ?? null))
  return { ...(entrypoint === null ? {} : { entrypoint }), ...(port === null ? {} : { port }) }
}

function placeFor({ root, force, format, dryRun }: Wishes): PlanPlace {
  const isThere = disk.kind(root) === 'directory'
  // What is not written stands in nobody's way.
  const [existing, ...more] = isThere && !dryRun ? existingConfigs(disk, root) : []
  const written: Format = format ?? formatOf(existing) ?? 'ts'
  const isSame = existing !== undefined && more.length === 0 && formatOf(existing) === written
  if (existing !== undefined && !(force && isSame)) {
    throw new HeddleError('HEDDLE_FILE_EXISTS', {
      path: join(root, more[0] ?? existing),
      canForce: !force && more.length === 0
    })
  }
  return { disk, root, format: written, replaces: existing ?? null, version: ownVersion(), addsScripts: true }
}

function formatOf(name: string | undefined): Format | null {
  if (name === undefined) return null
  if (name.endsWith('.json')) return 'json'
  return /\.m?ts$/.test(name) ? 'ts' : 'js'
}

async function foreignOf({ foreign, root }: Survey, person: Person | null): Promise<string | null> {
  const [name] = foreign
  if (name === undefined) return null
  const isWanted = person === null || (await person.confirm(`Translate ${name}?`, true))
  return isWanted ? join(root, name) : null
}

async function planForeign(file: string, wishes: Wishes, place: PlanPlace): Promise<InitPlan> {
  const { program, value } = await loadForeign(file)
  const { draft, notes } =
    program === 'PM2' || !isPlainObject(value)
      ? translateEcosystem(value, place)
      : translateWatt(value, place)
  const known = Object.keys(draft.config.applications ?? {})
  if (known.length === 0) {
    const leftOut = notes
      .filter(({ text }) => text.includes(' is left out: '))
      .map(({ key, text }) => ({ path: key, reason: text }))
    throw new HeddleError('HEDDLE_NOTHING_FOUND', { directory: file, leftOut })
  }
  return planDraft(withWishes(draft, wishes, known), notes, place)
}

/** What was typed outranks what was translated. */
function withWishes(draft: Draft, { entrypoint, portGiven }: Wishes, known: readonly string[]): Draft {
  judgeEntrypoint(entrypoint, known)
  const { config } = draft
  const server = portGiven === null ? config.server : { ...config.server, port: portGiven }
  return {
    ...draft,
    config: {
      ...config,
      ...(entrypoint === null || known.length === 1 ? {} : { entrypoint }),
      ...(server === undefined ? {} : { server })
    }
  }
}

function judgeEntrypoint(entrypoint: string | null, known: readonly string[]): void {
  if (entrypoint === null || known.includes(entrypoint)) return
  throw new HeddleError('HEDDLE_UNKNOWN_APPLICATION', { application: entrypoint, known })
}

async function withScripts(place: PlanPlace, person: Person | null): Promise<PlanPlace> {
  const scripted = scriptsFor(place.disk, place.root, place.version)
  return { ...place, addsScripts: scripted !== null && (await askScripts(scripted, person)) }
}

async function carryOut(plan: InitPlan, wishes: Wishes): Promise<number> {
  if (wishes.dryRun) return showPlan(plan, wishes)
  for (const { path, text, change } of plan.files)
    write(join(plan.root, path), text, change !== null || wishes.force)
  const checked = await checkConfig({ cwd: plan.root, configPath: join(plan.root, plan.configFile) })
  const isRight = checked.mistakes.length === 0
  if (wishes.json) process.stdout.write(`${JSON.stringify(asValue(plan, checked))}\n`)
  else {
    process.stdout.write(
      `${planText(plan, false)}${notesText(plan.notes)}${checkText(plan.configFile, checked)}`
    )
    process.stdout.write(nextText({ lines: nextLines(plan, isRight) }))
  }
  return isRight ? exitCodes.ok.code : exitCodes.configInvalid.code
}

/** Everything but the files: what would be written, and what the server would say of it. */
async function showPlan(plan: InitPlan, wishes: Wishes): Promise<number> {
  const isNew = plan.applications.some(({ entry }) => plan.files.some(({ path }) => path === entry))
  // Of an application that is not there yet nobody can say anything.
  const checked = isNew
    ? { mistakes: [], warnings: [], workers: 0 }
    : await checkConfig({ cwd: plan.root, written: plan.draft.config })
  if (wishes.json) process.stdout.write(`${JSON.stringify(asValue(plan, checked))}\n`)
  else {
    process.stdout.write(plan.files.find(({ path }) => path === plan.configFile)?.text ?? '')
    const said = isNew ? '' : checkText(plan.configFile, checked)
    process.stderr.write(`\n${planText(plan, true)}${notesText(plan.notes)}${said}`)
  }
  return checked.mistakes.length === 0 ? exitCodes.ok.code : exitCodes.configInvalid.code
}

function asValue(
  { root, configFile, draft, files, applications, notes, leftOut }: InitPlan,
  checked: Checked
): unknown {
  const { mistakes, warnings } = checked
  return {
    ok: mistakes.length === 0,
    file: join(root, configFile),
    config: draft.config,
    written: files.map(({ path }) => path),
    applications,
    notes,
    leftOut,
    mistakes,
    warnings
  }
}

function write(path: string, text: string, mayReplace: boolean): void {
  try {
    makeDirectory(dirname(path))
    writeFileSync(path, text, { flag: mayReplace ? 'w' : 'wx' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new HeddleError('HEDDLE_FILE_EXISTS', { path, canForce: true })
    throw new HeddleError('HEDDLE_FILE_FAILED', { path, reason: message })
  }
}

/** What the server would say. */
async function checkConfig(options: LoadOptions): Promise<Checked> {
  try {
    const config = await loadConfig(options)
    const workers = config.applications.reduce((sum, application) => sum + application.workers, 0)
    return { mistakes: [], warnings: config.warnings, workers }
  } catch (error) {
    if (isFailure(error, 'HEDDLE_CONFIG_INVALID'))
      return { mistakes: error.detail.mistakes, warnings: [], workers: 0 }
    if (!(error instanceof HeddleError)) throw error
    return { mistakes: [{ path: '', message: error.message, offered: undefined }], warnings: [], workers: 0 }
  }
}

function nextLines(
  { root, installs, files, applications }: InitPlan,
  isRight: boolean
): (readonly [string, string])[] {
  const here = relative(realpathSync(process.cwd()), realpathSync(root))
  // Started by npm or npx it is no command of the shell.
  const isLent = process.env['npm_execpath'] !== undefined || process.env['npm_command'] !== undefined
  const name = isLent ? 'npx heddle' : 'heddle'
  const manager = managerOf(root)
  const manifest = files.find(({ path }) => path === 'package.json')
  const needsInstall =
    (installs || (manifest !== undefined && isLent)) &&
    ['heddle', ...dependenciesIn(manifest?.text ?? '{}')].some(name => !isInstalled(root, name))
  return [
    ...(here === '' ? [] : [[`cd ${here}`, ''] as const]),
    ...(needsInstall ? [[`${manager} install`, 'what package.json asks for'] as const] : []),
    ...(applications.some(({ isUnbuilt }) => isUnbuilt)
      ? [[`${name} build`, 'makes what is not there yet'] as const]
      : []),
    ...(isRight ? [] : [[`${name} check`, 'when what is missing is there'] as const]),
    [`${name} dev`, 'one worker each, restarted when you change something'],
    [`${name} start`, 'as in production']
  ]
}

function managerOf(root: string): string {
  const locks: Readonly<Record<string, string>> = {
    'pnpm-lock.yaml': 'pnpm',
    'yarn.lock': 'yarn',
    'bun.lock': 'bun',
    'bun.lockb': 'bun'
  }
  return Object.entries(locks).find(([name]) => disk.kind(join(root, name)) === 'file')?.[1] ?? 'npm'
}

function dependenciesIn(text: string): string[] {
  const { dependencies }: { dependencies?: unknown } = JSON.parse(text) as object
  return isPlainObject(dependencies) ? Object.keys(dependencies) : []
}

/** Whether a package is in a directory node looks for it in. */
function isInstalled(directory: string, name: string): boolean {
  if (disk.kind(join(directory, 'node_modules', name)) === 'directory') return true
  const above = dirname(directory)
  return above !== directory && isInstalled(above, name)
}

function ownVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('heddle/package.json')
  return isPlainObject(manifest) ? String(manifest['version']) : '0'
}
