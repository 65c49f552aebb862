/**
 * The address of a server as something to click on.
 *
 * Main thread only. Pure.
 */

const wildcards = new Set(['0.0.0.0', '::', ''])

/** `http://host:port`; a server on every address is shown at `localhost`. */
export function publicUrl(hostname: string, port: number): string {
  if (wildcards.has(hostname)) return `http://localhost:${port}`
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}
