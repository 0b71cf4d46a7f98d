// The lab as a bundle of its own, which the extension loads when it first asks the lab something.

export { openLab } from 'livepatch-lab';
