/** Every folder with packages of its own, relative to the root. */
export declare function peerFolders(): readonly string[]
/** Returns the other folder whose packages this one uses; `undefined` for its own. */
export function packagesOf(folder: string): string | undefined
