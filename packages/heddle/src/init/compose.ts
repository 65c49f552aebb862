/**
 * Makes a configuration of what was found in a project.
 *
 * Pure over a {@link Disk}. It decides nothing that somebody was asked: which application is public, and the port.
 */
import { join } from 'node:path'

import type { Disk } from '../config/disk.ts'
import type { ApplicationOptions, HeddleConfig } from '../config/options.ts'
import type { Draft, Offer } from './draft.ts'
import { literal } from './literal.ts'
import type { FoundApplication, Survey } from './survey.ts'

/** What is decided beside what was found. */
export interface Choices {
  /** Id of the application that answers the public port; `null` when none serves. */
  readonly entrypoint: string | null
  /** The public port. */
  readonly port: number
}

/** The port when nothing says another one: the default of `server.port`. */
export const defaultPort = 3000

/** What there is to tell a public application by. */
export type Rival = Pick<FoundApplication, 'id' | 'path' | 'serves' | 'port' | 'calls'>

/** Names public applications have, the most likely first. */
const publicNames = [
  'gateway',
  'web',
  'www',
  'frontend',
  'storefront',
  'site',
  'portal',
  'proxy',
  'bff',
  'app',
  'api',
  'server'
]

/** Which application is probably meant to be public; `null` when none serves. */
export function guessPublic<Application extends Rival>(
  applications: readonly Application[]
): Application | null {
  const servers = applications.filter(({ serves }) => serves)
  const isCalled = ({ port }: Rival): boolean =>
    port !== null && servers.some(other => other.port !== port && other.calls.includes(port))
  const outer = servers.filter(application => !isCalled(application))
  const candidates = outer.length > 0 ? outer : servers
  const named = publicNames.map(name => candidates.find(({ id }) => id === name || id.endsWith(`-${name}`)))
  return (
    candidates.find(({ path }) => path === '') ??
    named.find(application => application !== undefined) ??
    candidates.find(({ calls }) => servers.some(({ port }) => port !== null && calls.includes(port))) ??
    candidates[0] ??
    null
  )
}

/** The configuration for a project. */
export function compose(disk: Disk, { root, applications }: Survey, choices: Choices): Draft {
  const servers = applications.filter(({ serves }) => serves)
  const { entrypoint, port } = choices
  const config: HeddleConfig = {
    applications: Object.fromEntries(applications.map(each => [each.id, optionsOf(each)])),
    ...(applications.length > 1 && entrypoint !== null ? { entrypoint } : {}),
    server: { port }
  }
  const remarks = Object.fromEntries(
    applications.map(each => [`applications.${each.id}`, remarkOf(each, applications)])
  )
  const second = servers.find(({ id }) => id !== entrypoint)
  return {
    config,
    remarks: {
      ...remarks,
      ...(applications.length > 1 && entrypoint !== null ? { entrypoint: entrypointRemark } : {})
    },
    offers: {
      server: [hostname],
      '': [
        ...(second === undefined
          ? []
          : [
              {
                line: `routes: [{ path: '/${second.id}', application: '${second.id}', stripPrefix: true }]`,
                sentence: 'Makes more applications public: by path, or by host.'
              }
            ]),
        ...(hasUnusedEnvFile(disk, root, applications)
          ? [
              {
                line: "envFile: '.env'",
                sentence: 'Variables for all applications; what is set outside of it wins.'
              }
            ]
          : []),
        workers
      ]
    }
  }
}

const entrypointRemark =
  'Answers the public port. Others are reached from inside only: http://<id>.heddle.local.'

const hostname: Offer = {
  line: "hostname: '0.0.0.0'",
  sentence: 'For other machines, and in a container. Without it only this machine reaches the port.'
}

const workers: Offer = {
  line: 'workers: 2',
  sentence: 'Worker threads of each application; unless told, one less than there are CPUs.'
}

/** What is offered at the end of every configuration that is written for a project. */
export const usualOffers: Readonly<Record<string, readonly Offer[]>> = { server: [hostname], '': [workers] }

function optionsOf({ path, entry, options, env }: FoundApplication): ApplicationOptions {
  const { execArgv = [], preload = [], envFile = null, oldGeneration = null } = options ?? {}
  return {
    ...(path === '' ? {} : { path: literal(`./${path}`) }),
    entry: literal(entry),
    ...(envFile === null ? {} : { envFile: literal(envFile) }),
    ...(Object.keys(env).length === 0 ? {} : { env: literal(env) }),
    ...(preload.length === 0 ? {} : { preload: literal(preload) }),
    ...(execArgv.length === 0 ? {} : { execArgv: literal(execArgv) }),
    ...(oldGeneration === null ? {} : { limits: { oldGeneration } })
  }
}

function remarkOf(application: FoundApplication, all: readonly FoundApplication[]): string {
  const { framework, serves, entry, source, todo, options } = application
  const kind = framework ?? (serves ? 'A server' : 'A job: nothing in it listens')
  const language = /\.[cm]?ts$/.test(entry) ? ', TypeScript' : ''
  const left = options?.left ?? []
  return [
    `${kind}${language} (${source}).`,
    ...(todo === null ? [] : [todo]),
    ...(left.length === 0 ? [] : [`Options of node that a worker cannot have: ${left.join(' ')}.`]),
    ...callsOf(application, all).map(
      ({ port, id }) =>
        `It calls http://localhost:${port}, which nothing opens here: that is http://${id}.heddle.local.`
    )
  ].join(' ')
}

/** The applications an application calls by a port of this machine. */
export function callsOf(
  { id, calls }: FoundApplication,
  all: readonly FoundApplication[]
): readonly { readonly port: number; readonly id: string }[] {
  return calls.flatMap(port => {
    const called = all.find(other => other.id !== id && other.serves && other.port === port)
    return called === undefined ? [] : [{ port, id: called.id }]
  })
}

function hasUnusedEnvFile(disk: Disk, root: string, applications: readonly FoundApplication[]): boolean {
  return (
    disk.kind(join(root, '.env')) === 'file' &&
    applications.every(({ options }) => (options?.envFile ?? null) === null)
  )
}
