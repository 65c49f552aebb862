/**
 * Checks what somebody typed into the forms for registering and logging in.
 *
 * Pure: returns either clean values or a message for each field that is wrong.
 */
import type { FieldErrors } from '../shared/contract.ts'

/** Clean values, or what is wrong with which field. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: FieldErrors }

/** What it takes to register. */
export interface Registration {
  readonly name: string
  readonly email: string
  readonly password: string
}

const shortestPassword = 8
const longestText = 200

/** Checks a registration; the address comes back in lower case, name and address without outer spaces. */
export function checkRegistration(form: unknown): Checked<Registration> {
  const name = readText(form, 'name').trim()
  const email = readText(form, 'email').trim().toLowerCase()
  const password = readText(form, 'password')
  const errors: Record<string, string> = {}
  if (name === '') errors['name'] = 'Please tell us your name.'
  if (!isEmail(email)) errors['email'] = 'This does not look like an e-mail address.'
  if (password.length < shortestPassword) {
    errors['password'] = `Please use at least ${shortestPassword} characters.`
  }
  return Object.keys(errors).length > 0
    ? { ok: false, errors }
    : { ok: true, value: { name, email, password } }
}

/** Checks that a login has both fields; whether they are right is the database's business. */
export function checkLogin(form: unknown): Checked<Omit<Registration, 'name'>> {
  const email = readText(form, 'email').trim().toLowerCase()
  const password = readText(form, 'password')
  const errors: Record<string, string> = {}
  if (email === '') errors['email'] = 'Please enter your e-mail address.'
  if (password === '') errors['password'] = 'Please enter your password.'
  return Object.keys(errors).length > 0 ? { ok: false, errors } : { ok: true, value: { email, password } }
}

/** Deliberately lenient: only a mail that arrives proves an address. */
function isEmail(text: string): boolean {
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)
}

function readText(form: unknown, field: string): string {
  if (typeof form !== 'object' || form === null) return ''
  const value: unknown = Reflect.get(form, field)
  return typeof value === 'string' ? value.slice(0, longestText) : ''
}
