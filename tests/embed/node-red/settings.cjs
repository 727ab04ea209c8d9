// Node-RED without its editor, for the tests; a real one has the same `atsyncComponent`.

module.exports = {
  atsyncComponent: process.env.ATSYNC_COMPONENT_FOLDER,
  uiHost: '127.0.0.1',
  flowFile: 'flows.json',
  disableEditor: true,
  // What the flow does not need; the rest of the start is Node-RED's own.
  nodesExcludes: [
    '10-file.js', '10-function.js', '10-mqtt.js', '16-range.js', '17-split.js', '18-sort.js', '19-batch.js', '21-httprequest.js',
    '22-websocket.js', '23-watch.js', '31-tcpin.js', '32-udp.js', '70-CSV.js', '70-HTML.js', '70-JSON.js', '70-XML.js',
    '70-YAML.js', '80-template.js', '89-trigger.js', '90-exec.js', 'rbe.js',
  ],
  credentialSecret: 'for tests only',
  logging: { console: { level: 'info' } },
};
