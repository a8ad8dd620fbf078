// A private address for one service of a storage account, in the scanner's resource group, registered in its DNS zone.
param name string
param location string
param tags object

@description('Resource id of the storage account.')
param storageId string
param service 'blob' | 'queue' | 'table'
param subnetId string

@description('Resource id of the DNS zone. Empty: somebody else registers the endpoint.')
param dnsZoneId string

resource endpoint 'Microsoft.Network/privateEndpoints@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    customNetworkInterfaceName: '${name}-nic'
    privateLinkServiceConnections: [
      {
        name: service
        properties: {
          privateLinkServiceId: storageId
          groupIds: [service]
        }
      }
    ]
  }
}

resource registration 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01' = if (!empty(dnsZoneId)) {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: service
        properties: { privateDnsZoneId: dnsZoneId }
      }
    ]
  }
}
