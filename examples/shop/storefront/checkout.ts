/** Checks the form of the checkout. Pure. */
import type { Address, FieldErrors } from '../shared/contract.ts'

/** Where the shop delivers. */
export const countries = [
  'Austria',
  'Belgium',
  'France',
  'Germany',
  'Ireland',
  'Italy',
  'Netherlands',
  'Portugal',
  'Spain'
] as const

const longestField = 80

/** The fields as they were typed, and a message for each that is wrong; no message means all is well. */
export interface CheckedAddress {
  readonly address: Address
  readonly errors: FieldErrors
}

/** Reads an address from a form. */
export function checkAddress(form: URLSearchParams): CheckedAddress {
  const read = (field: string): string => (form.get(field) ?? '').trim().slice(0, longestField)
  const address = {
    name: read('name'),
    street: read('street'),
    postcode: read('postcode'),
    city: read('city'),
    country: read('country')
  }
  const errors: Record<string, string> = {}
  if (address.name === '') errors['name'] = 'Who shall the parcel be addressed to?'
  if (address.street === '') errors['street'] = 'Please enter street and number.'
  if (!/^[A-Za-z0-9][A-Za-z0-9 -]{2,9}$/.test(address.postcode)) {
    errors['postcode'] = 'A postcode has three to ten letters or digits.'
  }
  if (address.city === '') errors['city'] = 'Please enter the city.'
  if (!countries.some(country => country === address.country))
    errors['country'] = 'Please choose a country from the list.'
  return { address, errors }
}
