import assert from 'node:assert/strict';
import { neededNamespaces } from '../../../lab/src/build/link/import-namespaces.ts';
import type { ElfSymbol } from '../../../lab/src/kernel/elf.ts';

const symvers = `0x1\tnvme_execute_rq\tdrivers/nvme/host/nvme-core\tEXPORT_SYMBOL_GPL\tNVME_TARGET_PASSTHRU
0x2\tdma_buf_get\tvmlinux\tEXPORT_SYMBOL_GPL\tDMA_BUF
0x3\tkfree\tvmlinux\tEXPORT_SYMBOL\t
`;
const symbol = (name: string, section: number): ElfSymbol => ({
  ...{ name, section, index: 0, value: 0, size: 0, type: 'notype', bind: 'global' },
});

describe('neededNamespaces', () => {
  it('finds the namespaces of what an object leaves undefined, and no others', () => {
    const symbols = [symbol('kfree', 0), symbol('nvme_execute_rq', 0), symbol('dma_buf_get', 4)];
    assert.deepEqual(neededNamespaces(symvers, [{ symbols }]), ['NVME_TARGET_PASSTHRU']);
    assert.deepEqual(neededNamespaces(symvers, [{ symbols: [symbol('kfree', 0)] }]), []);
  });
});
