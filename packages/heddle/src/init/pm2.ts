/**
 * Translates an ecosystem file of PM2.
 *
 * Pure over a {@link Disk}; whoever calls it has loaded the file. Checked against PM2 7.
 */
import type { Disk } from '../config/disk.ts'
import { isPlainObject } from '../config/substitute.ts'
import type { HeddleConfig } from '../config/options.ts'
import { defaultPort, guessPublic, usualOffers } from './compose.ts'
import { ForeignSettings } from './foreign-settings.ts'
import type { Note } from './note.ts'
import { translateProcess } from './pm2-application.ts'
import type { TranslatedProcess } from './pm2-application.ts'
import { fileFates } from './pm2-fates.ts'
import type { ServerShare } from './pm2-supervision.ts'
import { compact, durationText } from './translation.ts'
import type { TranslatedApplication, Translation } from './translation.ts'

/** What is there beside the value of the file. */
export interface Pm2Place {
  readonly disk: Disk
  /** Directory of the file, absolute. */
  readonly root: string
}

/** Whether a value is what an ecosystem file holds: `apps`, a list of processes, or one. */
export function isEcosystem(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isProcess)
  return (
    isPlainObject(value) &&
    (Array.isArray(value['apps']) ||
      Array.isArray(value['pm2']) ||
      isProcess(value['apps']) ||
      isProcess(value))
  )
}

function isProcess(value: unknown): boolean {
  return isPlainObject(value) && (typeof value['script'] === 'string' || typeof value['exec'] === 'string')
}

/** Translates what an ecosystem file exports. */
export function translateEcosystem(value: unknown, { disk, root }: Pm2Place): Translation {
  const notes: Note[] = []
  const context = { disk, root, taken: new Set<string>(), notes }
  const found = processesIn(value, notes)
    .map(([key, written]) => translateProcess(written, key, context))
    .filter(process => process !== null)
  const applications = found.map(({ application }) => application)
  const entrypoint = publicOf(applications)
  const config = configOf(found, entrypoint, notes)
  const isOne = applications.length < 2
  return {
    notes,
    draft: {
      config,
      remarks: isOne
        ? {}
        : {
            entrypoint:
              'Answers the public port. Others are reached from inside only: http://<id>.heddle.local.'
          },
      offers: usualOffers
    }
  }
}

type Written = readonly [key: string, written: Readonly<Record<string, unknown>>]

function processesIn(value: unknown, notes: Note[]): Written[] {
  if (Array.isArray(value)) return listed(value, '')
  if (!isPlainObject(value)) return []
  if (isProcess(value)) return [['', value]]
  const file = new ForeignSettings(value, '', notes)
  const name = file.has('apps') ? 'apps' : 'pm2'
  const list = file.take('apps', 'pm2')
  file.close(fileFates)
  if (isPlainObject(list)) return [[name, list]]
  return Array.isArray(list) ? listed(list, name) : []
}

function listed(list: readonly unknown[], name: string): Written[] {
  return list.flatMap((each, index): Written[] => (isPlainObject(each) ? [[`${name}[${index}]`, each]] : []))
}

function publicOf(applications: readonly TranslatedApplication[]): TranslatedApplication | null {
  const guessed = guessPublic(applications.map(each => ({ ...each, path: each.options.path ?? '.' })))
  return applications.find(({ id }) => id === guessed?.id) ?? null
}

function configOf(
  found: readonly TranslatedProcess[],
  entrypoint: TranslatedApplication | null,
  notes: Note[]
): HeddleConfig {
  const applications = found.map(({ application }) => application)
  for (const { key, id, port } of applications.filter(each => each.serves && each !== entrypoint)) {
    const text = `${port === null ? 'it' : `port ${port}`} is not opened: one port is public (server.port). Other applications reach ${id} at http://${id}.heddle.local; for everyone else add a route (routes), by path or by host`
    notes.push({ key: `${key}.env.PORT`, outcome: 'differs', text })
  }
  const shares = found.map(({ share }) => share)
  const killTimeout = largest(shares, 'killTimeout')
  const startTimeout = largest(shares, 'startTimeout')
  return compact({
    applications: Object.fromEntries(
      applications.map(each => [each.id, redirected(each, applications, { entrypoint, notes })])
    ),
    entrypoint: applications.length > 1 ? entrypoint?.id : undefined,
    server: { port: entrypoint?.port ?? defaultPort },
    // Less than the defaults would be a step back.
    startTimeout: startTimeout !== null && startTimeout > 30_000 ? durationText(startTimeout) : undefined,
    gracefulShutdown:
      killTimeout !== null && killTimeout > 25_000 ? { timeout: durationText(killTimeout) } : undefined,
    logger: logFileOf(shares)
  })
}

function largest(shares: readonly ServerShare[], name: 'killTimeout' | 'startTimeout'): number | null {
  const values = shares.map(share => share[name]).filter(value => value !== null)
  return values.length === 0 ? null : Math.max(...values)
}

function logFileOf(shares: readonly ServerShare[]): object | undefined {
  const file = shares.map(({ logFile }) => logFile).find(each => each !== null)
  if (file === undefined || file === null) return undefined
  const directory = file.replace(/[^/\\]*$/, '')
  return { file: { path: `${directory === '' ? './' : directory}heddle.log` } }
}

/** The application with URLs in its variables that name a port which nobody opens any more. */
function redirected(
  application: TranslatedApplication,
  all: readonly TranslatedApplication[],
  { entrypoint, notes }: { readonly entrypoint: TranslatedApplication | null; readonly notes: Note[] }
): TranslatedApplication['options'] {
  const { env } = application.options
  if (env === undefined) return application.options
  const closed = all.filter(
    other => other !== application && other !== entrypoint && other.serves && other.port !== null
  )
  const changed = Object.entries(env).map(([name, value]) => {
    let url = value
    for (const { id, port } of closed) {
      url = url.replaceAll(
        new RegExp(`http://(?:localhost|127\\.0\\.0\\.1|0\\.0\\.0\\.0):${port}(?!\\d)`, 'g'),
        `http://${id}.heddle.local`
      )
    }
    if (url !== value) {
      const text = `was ${value}; nothing opens that port any more, so it is ${url}: for clients outside write the address they use`
      notes.push({ key: `${application.key}.env.${name}`, outcome: 'differs', text })
    }
    return [name, url] as const
  })
  return { ...application.options, env: Object.fromEntries(changed) }
}
