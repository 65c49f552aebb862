/**
 * Users, sessions and orders in one SQLite file.
 *
 * Runs in every worker of the accounts application, each with its own connection. A session begun by one
 * worker is known to all, because it is a row and not an entry of a map.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'

import type { NewOrder, Order, User } from '../shared/contract.ts'
import { dataDirectory, openDatabase, transaction } from '../shared/database.ts'

/** Seconds a session lives after its login. */
export const sessionSeconds = 14 * 24 * 3600

/** What the accounts application keeps. */
export interface Accounts {
  /** Stores a user; `null` when the address is taken, also when another worker took it a moment ago. */
  addUser(user: { email: string; name: string; password: string }): User | null
  /** The user with an address, together with the hash of the password. */
  findUser(email: string): (User & { readonly password: string }) | null
  /** Begins a session and gives its id. */
  openSession(userId: number): string
  /** The user of a session that has not expired. */
  findSession(id: string): User | null
  closeSession(id: string): void
  /** Stores an order, or gives the one stored under this key before. */
  addOrder(userId: number, order: NewOrder): { readonly order: Order; readonly isNew: boolean }
  /** Orders of a user, newest first. */
  listOrders(userId: number): Order[]
  /** An order of this user; `null` also when it is somebody else's. */
  findOrder(userId: number, number: string): Order | null
  close(): void
}

/** Opens the accounts, creating the tables first when the file is new. */
export function openAccounts(file: string = join(dataDirectory(), 'accounts.sqlite')): Accounts {
  const database = openDatabase(file, createTables)
  return { ...users(database), ...sessions(database), ...orders(database), close: () => database.close() }
}

function createTables(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE users (
      id INTEGER PRIMARY KEY,
      email TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      password TEXT NOT NULL
    );
    CREATE TABLE sessions (
      id TEXT PRIMARY KEY,
      user_id INTEGER NOT NULL REFERENCES users (id),
      expires_at INTEGER NOT NULL
    );
    CREATE TABLE orders (
      id INTEGER PRIMARY KEY,
      user_id INTEGER NOT NULL REFERENCES users (id),
      key TEXT NOT NULL,
      placed_at TEXT NOT NULL,
      content TEXT NOT NULL,
      UNIQUE (user_id, key)
    );
  `)
}

function users(database: DatabaseSync): Pick<Accounts, 'addUser' | 'findUser'> {
  const insert = database.prepare(
    'INSERT INTO users (email, name, password) VALUES (?, ?, ?) ON CONFLICT (email) DO NOTHING RETURNING id'
  )
  const select = database.prepare('SELECT id, email, name, password FROM users WHERE email = ?')
  return {
    addUser({ email, name, password }) {
      const row = insert.get(email, name, password)
      return row === undefined ? null : { id: Number(row['id']), email, name }
    },
    findUser(email) {
      const row = select.get(email)
      return row === undefined ? null : { ...toUser(row), password: String(row['password']) }
    }
  }
}

function sessions(database: DatabaseSync): Pick<Accounts, 'openSession' | 'findSession' | 'closeSession'> {
  const insert = database.prepare('INSERT INTO sessions (id, user_id, expires_at) VALUES (?, ?, ?)')
  const sweep = database.prepare('DELETE FROM sessions WHERE expires_at < ?')
  const remove = database.prepare('DELETE FROM sessions WHERE id = ?')
  const select = database.prepare(
    `SELECT users.id, users.email, users.name FROM sessions JOIN users ON users.id = sessions.user_id
     WHERE sessions.id = ? AND sessions.expires_at > ?`
  )
  return {
    openSession(userId) {
      const id = randomBytes(24).toString('base64url')
      const now = Math.floor(Date.now() / 1000)
      sweep.run(now)
      insert.run(id, userId, now + sessionSeconds)
      return id
    },
    findSession(id) {
      const row = select.get(id, Math.floor(Date.now() / 1000))
      return row === undefined ? null : toUser(row)
    },
    closeSession(id) {
      remove.run(id)
    }
  }
}

function orders(database: DatabaseSync): Pick<Accounts, 'addOrder' | 'listOrders' | 'findOrder'> {
  const columns =
    'orders.id, orders.key, orders.placed_at, orders.content, users.email FROM orders JOIN users ON users.id = orders.user_id'
  const insert = database.prepare('INSERT INTO orders (user_id, key, placed_at, content) VALUES (?, ?, ?, ?)')
  const byKey = database.prepare(`SELECT ${columns} WHERE orders.user_id = ? AND orders.key = ?`)
  const byId = database.prepare(`SELECT ${columns} WHERE orders.user_id = ? AND orders.id = ?`)
  const all = database.prepare(`SELECT ${columns} WHERE orders.user_id = ? ORDER BY orders.id DESC LIMIT 100`)
  return {
    addOrder(userId, { key, lines, totals, address }) {
      return transaction(database, () => {
        const before = byKey.get(userId, key)
        if (before !== undefined) return { order: toOrder(before), isNew: false }
        insert.run(userId, key, new Date().toISOString(), JSON.stringify({ lines, totals, address }))
        return { order: toOrder(byKey.get(userId, key) ?? {}), isNew: true }
      })
    },
    listOrders: userId => all.all(userId).map(toOrder),
    findOrder(userId, number) {
      const id = /^HW-(\d{6,12})$/.exec(number)?.[1]
      const row = id === undefined ? undefined : byId.get(userId, Number(id))
      return row === undefined ? null : toOrder(row)
    }
  }
}

type Row = ReturnType<ReturnType<DatabaseSync['prepare']>['all']>[number]

function toUser(row: Row): User {
  return { id: Number(row['id']), email: String(row['email']), name: String(row['name']) }
}

function toOrder(row: Row): Order {
  // Written by addOrder and by nobody else.
  const content: Pick<NewOrder, 'lines' | 'totals' | 'address'> = JSON.parse(String(row['content']))
  return {
    ...content,
    key: String(row['key']),
    number: `HW-${String(row['id']).padStart(6, '0')}`,
    placedAt: String(row['placed_at']),
    email: String(row['email'])
  }
}
