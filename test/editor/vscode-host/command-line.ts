// Desktop VS Code's command line, as far as test runs use it.

export type VscodeCommandLine = {
  extensionDevelopmentPaths: string[];
  extensionTestsPath?: string;
  userDataDir?: string;
  extensionsDir?: string;
  /** Workspace trust is off unless the caller asked to keep it. */
  workspaceTrust: boolean;
  disableExtensions: boolean;
  /** Folder or .code-workspace file to open. */
  open?: string;
};

/** Reads the flags; unknown ones are ignored, as VS Code does. `--keep-workspace-trust` is ours: test-electron always turns it off. */
export function parseCommandLine(argv: readonly string[]): VscodeCommandLine {
  const flags = argv.filter((word) => word.startsWith('--'));
  const values = (name: string) =>
    flags.filter((flag) => flag.startsWith(`--${name}=`)).map((flag) => flag.slice(name.length + 3));
  const value = <K extends string>(key: K, name: string) => {
    const last = values(name).at(-1);
    return (last === undefined ? {} : { [key]: last }) as { [P in K]?: string };
  };
  const open = argv.filter((word) => !word.startsWith('-')).at(-1);
  return {
    extensionDevelopmentPaths: values('extensionDevelopmentPath'),
    ...value('extensionTestsPath', 'extensionTestsPath'),
    ...value('userDataDir', 'user-data-dir'),
    ...value('extensionsDir', 'extensions-dir'),
    workspaceTrust: !flags.includes('--disable-workspace-trust') || flags.includes('--keep-workspace-trust'),
    disableExtensions: flags.includes('--disable-extensions'),
    ...(open === undefined ? {} : { open }),
  };
}
