// Node-RED without its editor, for the tests; a real one has the same `atsyncComponent`.

module.exports = {
  atsyncComponent: process.env.ATSYNC_COMPONENT_FOLDER,
  uiHost: '127.0.0.1',
  flowFile: 'flows.json',
  disableEditor: true,
  credentialSecret: 'for tests only',
  logging: { console: { level: 'info' } },
};
