/** Every folder with packages of its own, relative to the root. */
export declare function peerFolders(): readonly string[]
