/**
 * On which port the inspector of each worker is, in development.
 *
 * Main thread; pure.
 */

/** Which worker, among which applications. */
export interface InspectedPlace {
  /** In the order of the configuration. */
  readonly applications: readonly { readonly id: string }[]
  readonly application: string | null
  readonly slot: number
}

/**
 * The port of a worker: the first workers of all applications from the first port on, in the order of the
 * configuration; the second ones after these. One of no known application has any free port.
 */
export function inspectorPort(first: number, { applications, application, slot }: InspectedPlace): number {
  const index = applications.findIndex(({ id }) => id === application)
  if (index === -1) return 0
  const port = first + slot * applications.length + index
  return port > 65_535 ? 0 : port
}
