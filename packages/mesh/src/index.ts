/** The door of `@heddle/mesh`. */
export { MeshError, type MeshFailures } from './errors.ts'
export { Registry, type Admission, type Member, type RegistryOptions } from './registry/registry.ts'
export { joinMesh, type JoinOptions, type Mesh } from './thread.ts'
export type { MeshTicket } from './wire/control.ts'
