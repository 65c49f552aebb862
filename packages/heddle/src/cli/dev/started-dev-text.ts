/** What who develops sees when everything has started: where each application is. Main thread; pure but for colours. */
import type { ResolvedConfig } from '../../config/resolved.ts'
import { paint } from '../paint.ts'

/** The facts of a start. */
export interface StartedDev {
  readonly config: Pick<ResolvedConfig, 'applications' | 'routes' | 'entrypoint' | 'mesh' | 'development'>
  readonly url: string
  readonly bootMs: number
  /** What each application was recognised as. */
  readonly kinds: ReadonlyMap<string, string>
  /** Ids of those that do not start. */
  readonly broken: ReadonlySet<string>
  /** Port of the inspector of the first worker of an application; `null` for none. */
  readonly inspectorOf: (id: string) => number | null
  /** Whether somebody sits there who can type. */
  readonly takesLines: boolean
}

/** A short block. */
export function startedDevText({
  config,
  url,
  bootMs,
  kinds,
  broken,
  inspectorOf,
  takesLines
}: StartedDev): string {
  const out = process.stdout
  const rows = config.applications.map(({ id }) => ({ id, urls: urlsOf(id, config, url) }))
  const idWidth = Math.max(...rows.map(({ id }) => id.length))
  const urlWidth = Math.max(...rows.flatMap(({ urls }) => urls.map(each => each.length)))
  const lines = rows.flatMap(({ id, urls }) =>
    urls.map((each, index) => {
      const name = paint('bold', (index === 0 ? id : '').padEnd(idWidth), out)
      const port = inspectorOf(id)
      const kind = broken.has(id)
        ? paint('red', 'does not start', out)
        : paint('dim', kinds.get(id) ?? '', out)
      const inspector = port === null ? '' : paint('dim', `  inspector 127.0.0.1:${port}`, out)
      const address = paint('cyan', each.padEnd(urlWidth), out)
      return `  ${name}  ${address}${index === 0 ? `  ${kind}${inspector}` : ''}`.trimEnd()
    })
  )
  const help = takesLines ? 'rs and Enter start everything anew, Ctrl-C ends.' : ''
  return [
    '',
    `  ${paint('green', '●', out)} ${paint('bold', 'heddle dev', out)} ${paint('dim', `started in ${Math.round(bootMs)} ms`, out)}`,
    '',
    ...lines,
    ...(help === '' ? [] : ['', `  ${paint('dim', help, out)}`]),
    '',
    ''
  ].join('\n')
}

/** Where an application is reached: its routes, all that no route claims, or from inside alone. */
function urlsOf(
  id: string,
  { routes, entrypoint, mesh }: StartedDev['config'],
  url: string
): readonly string[] {
  const own = routes.filter(({ application }) => application === id)
  const urls = own.map(({ host, prefix }) => `${host === null ? url : withHost(url, host)}${prefix}`)
  if (entrypoint === id) urls.unshift(`${url}/`)
  const unique = [...new Set(urls)]
  return unique.length === 0 ? [`http://${id}${mesh.domain} (inside only)`] : unique
}

function withHost(url: string, host: string): string {
  const { protocol, port } = new URL(url)
  return `${protocol}//${host}${port === '' ? '' : `:${port}`}`
}
