/**
 * Lets classes of ours be kinds of the platform's `Response` and `Headers` without loading those before
 * somebody looks. Any thread.
 *
 * The undici inside node costs 16 MB and 20 to 35 ms to load, and a thread that calls only mesh hosts may
 * never need it. So the parent of our prototypes is a proxy until the first look at it: `instanceof`,
 * `constructor`, a property we do not have. Then the platform's prototype takes its place.
 */

/** The platform's classes that can be inherited from. */
export type PlatformClass = 'Response' | 'Headers'

/** Keys asked of every object by the language itself; the platform's classes do not have them. */
const languageKeys: ReadonlySet<string | symbol> = new Set(['then', Symbol.toPrimitive])

/**
 * Makes `prototype` inherit from the platform's class of that name as soon as somebody looks.
 *
 * Methods the platform has and we do not (a later version of node has more) are called on what `stand`
 * makes: an object of the platform's own that says the same.
 */
export function inheritLate(
  prototype: object,
  name: PlatformClass,
  stand: (self: never) => Record<string, unknown>
): void {
  const inherit = (): object => {
    const parent = globalThis[name].prototype
    if (Object.getPrototypeOf(prototype) !== parent) {
      addMissing(prototype, parent, stand as (self: unknown) => Record<string, unknown>)
      Object.setPrototypeOf(prototype, parent)
    }
    return parent
  }
  const proxy = new Proxy(Object.create(null) as object, {
    getPrototypeOf: inherit,
    get(_target, key, self) {
      if (languageKeys.has(key)) return Reflect.get(Object.prototype, key, self)
      inherit()
      return Reflect.get(prototype, key, self)
    },
    set: (_target, key, value, self) => Reflect.set(inherit(), key, value, self),
    has: (_target, key) => key in inherit()
  })
  // The platform's is the constructor to be seen, and its members can be enumerated.
  Reflect.deleteProperty(prototype, 'constructor')
  for (const key of Object.getOwnPropertyNames(prototype)) {
    Object.defineProperty(prototype, key, { enumerable: true })
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true })
  Object.setPrototypeOf(prototype, proxy)
}

function addMissing(
  prototype: object,
  parent: object,
  stand: (self: unknown) => Record<string, unknown>
): void {
  for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(parent))) {
    if (typeof value !== 'function' || key === 'constructor' || Object.hasOwn(prototype, key)) continue
    const method = {
      [key](this: unknown, ...args: unknown[]): unknown {
        const own = stand(this)
        return (own[key] as (...args: unknown[]) => unknown)(...args)
      }
    }[key]
    Object.defineProperty(prototype, key, {
      value: method,
      enumerable: true,
      configurable: true,
      writable: true
    })
  }
}
