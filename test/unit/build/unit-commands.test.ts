import assert from 'node:assert/strict';
import { readDryRun } from '../../../lab/src/build/reach/unit-commands.ts';

// Shortened from `make -n` of 6.12: the object itself, its dependencies, and what the host needs, which is no unit.
const said = `echo   CC      net/core/dev.o
set -e; exec >/dev/null;   trap 'rm -f net/core/dev.o; trap - HUP; kill -s HUP $$' HUP; gcc -Wp,-MMD,net/core/.dev.o.d -nostdinc -DKBUILD_MODNAME='"dev"' -c -o net/core/dev.o /src/net/core/dev.c  ; scripts/basic/fixdep net/core/.dev.o.d net/core/dev.o 'gcc -Wp,-MMD,net/core/.dev.o.d -c -o net/core/dev.o /src/net/core/dev.c' > net/core/.dev.o.cmd; if nm net/core/dev.o; then gcc -E -D__GENKSYMS__ /src/net/core/dev.c; fi
set -e; gcc -D__ASSEMBLY__ -c -o arch/x86/entry/entry.o /src/arch/x86/entry/entry.S
`;

describe('readDryRun', () => {
  it('finds the compilations, word by word', () =>
    assert.deepEqual(
      [...readDryRun(said)],
      [
        [
          'net/core/dev.o',
          {
            argv: [
              ...['gcc', '-Wp,-MMD,net/core/.dev.o.d', '-nostdinc', '-DKBUILD_MODNAME="dev"'],
              ...['-c', '-o', 'net/core/dev.o', '/src/net/core/dev.c'],
            ],
            symvers: [],
          },
        ],
      ],
    ));
});
