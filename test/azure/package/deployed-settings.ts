/** What a deployment sets, as infra/modules/app.bicep does. The addresses are those of nobody. */
export const deployedSettings: Readonly<Record<string, string>> = {
  SLUICE_ACCOUNTS: 'contosouploads',
  SLUICE_STATE__blobServiceUri: 'https://contososluice.blob.core.windows.net/',
  SLUICE_STATE__queueServiceUri: 'https://contososluice.queue.core.windows.net/',
  SLUICE_STATE__tableServiceUri: 'https://contososluice.table.core.windows.net/',
  SLUICE_CLIENT_ID: '5a0e1c52-9d0f-4b8e-8a57-3f0c4d1b2e6a',
  SLUICE_INGESTION_ENDPOINT: 'https://sluice-dcr-x1y2-westeurope.logs.z1.ingest.monitor.azure.com',
  SLUICE_DCR_ID: 'dcr-00000000000000000000000000000000',
};
