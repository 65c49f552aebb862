/**
 * Takes out of texts of others what a terminal would obey: an application, or whoever sends it requests, may write
 * anything into a log line or an error.
 *
 * Main thread of a command; pure.
 */
import { stripVTControlCharacters } from 'node:util'

// oxlint-disable-next-line no-control-regex -- they are what is taken out
const controls = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]+/g

/** The text without sequences, other control characters as spaces; ends of lines stay. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r\n', '\n').replaceAll(controls, ' ')
}

/** The same in one line. */
export function cleanLine(text: string): string {
  return cleanText(text).replaceAll(/\s+/g, ' ').trim()
}

/** A value out of JSON, all texts in it clean. */
export function parseClean(json: string): unknown {
  return JSON.parse(json, (_key, value: unknown) => (typeof value === 'string' ? cleanText(value) : value))
}
