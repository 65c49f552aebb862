/**
 * Templates: a tagged template that escapes every value unless it is itself a template. Pure.
 */

const markup = Symbol('markup')

/** Markup that is safe to send: only {@link html} makes it. */
export interface Html {
  readonly [markup]: string
}

/** What may stand in a template. `null`, `undefined` and `false` leave nothing behind. */
export type Value = Html | string | number | null | undefined | false | readonly Value[]

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/** Builds markup; values are escaped for text and for attributes in quotes, lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const text = parts.reduce((before, part, index) => before + render(values[index - 1]) + part)
  return { [markup]: text }
}

/** The characters to send. */
export function toText(template: Html): string {
  return template[markup]
}

function render(value: Value): string {
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'string')
    return value.replace(/[&<>"']/g, character => escapes[character] ?? character)
  if (typeof value === 'number') return String(value)
  return isList(value) ? value.map(render).join('') : value[markup]
}

function isList(value: Html | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value)
}
