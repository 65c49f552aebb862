/**
 * The configuration as it may be shown: what may be secret is hidden.
 *
 * Main thread, of servers and of commands. Pure.
 */
import type { ResolvedConfig } from '../config/resolved.ts'

const hidden = '(hidden)'

/**
 * Of each environment only what differs from `environment` is left; values are hidden unless `isOpen`, and so is
 * the token.
 */
export function withoutSecrets(
  config: ResolvedConfig,
  environment: Readonly<Record<string, string | undefined>>,
  isOpen: boolean
): ResolvedConfig {
  const applications = config.applications.map(application => {
    const own = Object.entries(application.env).filter(([name, value]) => environment[name] !== value)
    return {
      ...application,
      env: Object.fromEntries(own.map(([name, value]) => [name, isOpen ? value : hidden]))
    }
  })
  const token = isOpen || config.admin.token === null ? config.admin.token : hidden
  return { ...config, applications, admin: { ...config.admin, token } }
}
