/**
 * The configuration after `check.ts`: every key right by itself, defaults filled in, relations between
 * keys not yet judged.
 *
 * Types only. They say in TypeScript what the schema guarantees; `resolve.ts` makes a
 * {@link ResolvedConfig} of it.
 */
import type { BalancePolicy } from '@heddle/mesh'

import type {
  ResolvedAdmin,
  ResolvedGracefulShutdown,
  ResolvedHealth,
  ResolvedLogFile,
  ResolvedLogger,
  ResolvedMesh,
  ResolvedMetrics,
  ResolvedQueue,
  ResolvedRecycle,
  ResolvedRestart,
  ResolvedRollout,
  ResolvedServer,
  ResolvedWatch
} from './resolved.ts'

/** The whole configuration. */
export interface CheckedConfig {
  readonly name?: string
  readonly applications: Readonly<Record<string, CheckedApplication>>
  readonly autoload?: { readonly path: string; readonly exclude: readonly string[] }
  readonly entrypoint?: string
  readonly server: Omit<ResolvedServer, 'threads'> & { readonly threads?: number }
  readonly routes: readonly CheckedRoute[]
  readonly workers?: number | (CheckedWorkers & { readonly total?: number })
  readonly scaling: 'on' | 'off'
  readonly restart: ResolvedRestart
  readonly health: ResolvedHealth
  readonly recycle: ResolvedRecycle
  readonly rollout: ResolvedRollout
  readonly queue: ResolvedQueue
  readonly watch: ResolvedWatch
  readonly maxZombies: number
  readonly env?: Readonly<Record<string, string>>
  readonly envFile?: string
  readonly startTimeout: number
  readonly gracefulShutdown: Omit<ResolvedGracefulShutdown, 'drainDelay'> & { readonly drainDelay?: number }
  readonly mesh: ResolvedMesh
  readonly admin: Pick<ResolvedAdmin, 'enabled' | 'hostname' | 'allowedHosts'> & {
    readonly port?: number
    readonly token?: string
  }
  readonly metrics: ResolvedMetrics
  readonly logger: Omit<ResolvedLogger, 'file'> & { readonly file?: ResolvedLogFile }
}

/** One application as it was written. */
export interface CheckedApplication {
  readonly path?: string
  readonly entry?: string
  readonly build?: string | false
  readonly workers?: number | CheckedWorkers
  readonly scaling?: 'on' | 'off'
  readonly env?: Readonly<Record<string, string>>
  readonly envFile?: string
  readonly execArgv: readonly string[]
  readonly preload: readonly string[]
  readonly limits: CheckedLimits
  readonly dependencies: readonly string[]
  readonly required?: boolean
  readonly minReady: number
  readonly balance: BalancePolicy
  readonly restart?: Partial<ResolvedRestart>
  readonly health?: Partial<ResolvedHealth>
  readonly recycle?: Partial<ResolvedRecycle>
  readonly rollout?: Partial<ResolvedRollout>
  readonly queue?: Partial<ResolvedQueue>
  readonly watch?: Partial<ResolvedWatch>
  readonly logger?: { readonly level?: ResolvedLogger['level'] }
}

/** Bounds of a number of workers, as far as they were written. */
export interface CheckedWorkers {
  readonly min?: number
  readonly max?: number
  readonly spare?: number
}

/** Limits in MiB, as far as they were written. */
export interface CheckedLimits {
  readonly oldGeneration?: number
  readonly youngGeneration?: number
  readonly stack?: number
}

/** One route as it was written. */
export interface CheckedRoute {
  readonly host?: string
  readonly path: string
  readonly application: string
  readonly stripPrefix: boolean
  readonly requestTimeout?: number
  readonly accessLog: boolean
}
