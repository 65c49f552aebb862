/** Who lives where, and what the courier is to be told. */
const customers = new Map([
  ['c-1001', { country: 'DE', note: '' }],
  ['c-1002', { country: 'FR', note: 'Third floor' }],
  ['c-1003', { country: 'DE', note: 'Call before 9' }],
  ['c-1004', { country: 'IT', note: '' }],
  ['c-1005', { country: 'FR', note: 'Leave it with the neighbours at number 112!' }],
  ['c-1006', { country: 'DE', note: 'Behind the shed, please' }]
])

/** The customer of that id; one without a note when nobody knows it. */
export function customerOf(id) {
  return customers.get(id) ?? { country: 'DE', note: '' }
}
