/**
 * Decides which files are written, with what in them, and what there is to say of it.
 *
 * Pure over a {@link Disk}. The command has asked what is to be asked, and writes.
 */
import { join, resolve } from 'node:path'

import type { Disk } from '../config/disk.ts'
import { discoverEntry, judgeEntry } from '../config/discovery.ts'
import { configNames } from '../config/load.ts'
import { callsOf, compose, guessPublic } from './compose.ts'
import type { Choices } from './compose.ts'
import { configName, configText } from './config-text.ts'
import type { Format } from './config-text.ts'
import type { Draft } from './draft.ts'
import { frameworkOf } from './frameworks.ts'
import { readManifest } from './manifest.ts'
import type { Note } from './note.ts'
import { addScripts } from './package-scripts.ts'
import { readSources } from './source-text.ts'
import { frameworks, starterDraft, starterFiles } from './starter.ts'
import type { Framework } from './starter.ts'
import type { FoundApplication, LeftOut, Survey } from './survey.ts'

/** A file that is to be written. */
export interface PlannedFile {
  /** Relative to the project. */
  readonly path: string
  readonly text: string
  /** Whether it changes a file that is there, in the way that is said. */
  readonly change: string | null
}

/** What is known of an application, for people. */
export interface PlannedApplication {
  readonly id: string
  readonly entry: string
  /** What it is: its framework, or that it is a job. */
  readonly kind: string
  /** What has to be done before it runs. */
  readonly todo: string | null
  /** Whether its entry is yet to be made, by a build. */
  readonly isUnbuilt: boolean
}

/** Everything `init` is about to do. */
export interface InitPlan {
  readonly root: string
  /** Name of the configuration file. */
  readonly configFile: string
  readonly files: readonly PlannedFile[]
  readonly draft: Draft
  readonly applications: readonly PlannedApplication[]
  readonly notes: readonly Note[]
  readonly leftOut: readonly LeftOut[]
  /** Whether packages have to be installed first. */
  readonly installs: boolean
}

/** Where the plan is made, and how the configuration is to be written. */
export interface PlanPlace {
  readonly disk: Disk
  readonly root: string
  readonly format: Format
  /** The configuration file to replace; `null` takes the usual name. */
  readonly replaces: string | null
  /** Of Heddle. */
  readonly version: string
  /** Whether scripts are added to package.json. */
  readonly addsScripts: boolean
}

/** Configuration files of Heddle that are there. */
export function existingConfigs(disk: Disk, root: string): string[] {
  return configNames.filter(name => disk.kind(join(root, name)) !== null)
}

/** The choices when nobody makes others. */
export function usualChoices({ applications }: Survey, port: number): Choices {
  const guessed = guessPublic(applications)
  return { entrypoint: guessed?.id ?? null, port: guessed?.port ?? port }
}

/** The plan for what was found in a project. */
export function planFound(found: Survey, choices: Choices, place: PlanPlace): InitPlan {
  const { applications, leftOut } = found
  const notes = applications.flatMap(each => notesOf(each, applications))
  return {
    ...planDraft(compose(place.disk, found, choices), notes, place),
    leftOut,
    applications: applications.map(({ id, path, entry, framework, serves, todo }) => ({
      id,
      entry: path === '' ? entry : `${path}/${entry}`,
      kind: framework ?? (serves ? 'server' : 'job'),
      todo,
      isUnbuilt: place.disk.kind(join(place.root, path, entry)) === null
    }))
  }
}

function notesOf(application: FoundApplication, all: readonly FoundApplication[]): Note[] {
  const key = application.id
  const called = callsOf(application, all).map(({ port, id }): Note => {
    const text = `calls http://localhost:${port}, which nothing opens here: ${id} is http://${id}.heddle.local`
    return { key, outcome: 'differs', text }
  })
  return [...called, ...application.troubles.map((text): Note => ({ key, outcome: 'differs', text }))]
}

/** What editors complete JSON with, once Heddle is installed. */
const schemaPath = 'node_modules/heddle/schema.json'

/** The plan for a configuration that was made elsewhere. */
export function planDraft(draft: Draft, notes: readonly Note[], place: PlanPlace): InitPlan {
  const { disk, root, version, addsScripts } = place
  const manifest = readManifest(disk, root)
  const configFile =
    place.replaces ??
    configName(
      place.format,
      disk.kind(join(root, 'package.json')) === null ? 'module' : (manifest?.type ?? null)
    )
  const scripted = addsScripts ? scriptsFor(disk, root, version) : null
  const hasSchema = disk.kind(join(root, schemaPath)) === 'file'
  const schema = place.format === 'json' && hasSchema ? { $schema: `./${schemaPath}` } : {}
  return {
    root,
    configFile,
    draft,
    notes,
    leftOut: [],
    installs: scripted?.depends ?? false,
    files: [
      {
        path: configFile,
        text: configText({ ...draft, config: { ...schema, ...draft.config } }, place.format),
        change: null
      },
      ...(scripted === null
        ? []
        : [
            {
              path: 'package.json',
              text: scripted.text,
              change: changeOf(scripted.scripts, scripted.depends)
            }
          ])
    ],
    applications: Object.entries(draft.config.applications ?? {}).map(([id, { path = '.', entry }]) => ({
      id,
      entry: join(path, entry ?? '').replaceAll('\\', '/'),
      kind: kindOf(disk, resolve(root, path), entry),
      todo: null,
      isUnbuilt: entry !== undefined && disk.kind(resolve(root, path, entry)) === null
    }))
  }
}

function kindOf(disk: Disk, directory: string, entry: string | undefined): string {
  const found =
    entry === undefined ? discoverEntry(disk, directory) : judgeEntry(disk, resolve(directory, entry))
  if (!found.found) return ''
  const { packages, serves } = readSources(disk, found.entry)
  return (
    frameworkOf(packages, readManifest(disk, directory)?.dependencies ?? new Set()) ??
    (serves ? 'server' : 'job')
  )
}

/** What would be added to package.json; `null` when nothing would. */
export function scriptsFor(disk: Disk, root: string, version: string): ReturnType<typeof addScripts> {
  const text = disk.read(join(root, 'package.json'))
  return text === null ? null : addScripts(text, version)
}

/** The plan for a directory that has no application yet. */
export function planStarter(
  framework: Framework,
  { name, port }: { readonly name: string; readonly port: number },
  place: PlanPlace
): InitPlan {
  const { disk, root, version } = place
  const text = disk.read(join(root, 'package.json'))
  const manifest = text === null ? null : { text, type: readManifest(disk, root)?.type ?? null }
  const starter = { name, version, manifest }
  const draft = starterDraft(framework, starter, port)
  const [config] = planDraft(draft, [], { ...place, addsScripts: false }).files
  const files = Object.entries(starterFiles(framework, starter))
    // What somebody has written stays; of package.json only what is missing is added.
    .filter(([path]) => path === 'package.json' || disk.kind(join(root, path)) === null)
    .map(([path, content]) => ({
      path,
      text: content,
      change: path === 'package.json' && text !== null ? 'scripts and dependencies' : null
    }))
  return {
    ...planDraft(draft, [], place),
    installs: framework !== 'http',
    files: [...(config === undefined ? [] : [config]), ...files],
    applications: Object.entries(draft.config.applications ?? {}).map(([id, { entry = '' }]) => ({
      id,
      entry,
      kind: framework === 'http' ? 'node:http' : frameworks[framework],
      todo: null,
      isUnbuilt: false
    }))
  }
}

function changeOf(scripts: readonly string[], depends: boolean): string {
  const added =
    scripts.length === 0 ? [] : [`script${scripts.length === 1 ? '' : 's'} ${scripts.join(' and ')}`]
  return [...added, ...(depends ? ['heddle as a dependency'] : [])].join(', ')
}
