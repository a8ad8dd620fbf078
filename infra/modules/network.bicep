// Private networking: the subnet the app sends from, the one that private endpoints are in, and the zones that resolve their
// names. Either a virtual network of the scanner's own, or subnets that exist.
@export()
@description('A virtual network is made.')
type newNetwork = {
  kind: 'new'

  @description('Its address range, /26 or larger: half is for the app, half for private endpoints.')
  addressPrefix: string
}

@export()
@description('Subnets of a virtual network that exists.')
type existingNetwork = {
  kind: 'existing'

  @description('Resource id of a subnet, /27 or larger, that is delegated to Microsoft.App/environments and used by nothing else.')
  appSubnetId: string

  @description('Resource id of the subnet for private endpoints, reachable from the other.')
  endpointSubnetId: string

  @description('Resource ids of the zones privatelink.{blob,queue,table}. Left out: an Azure Policy is trusted to register the endpoints.')
  dnsZoneIds: dnsZones?
}

@export()
@discriminator('kind')
@description('Where the app’s traffic to storage stays private.')
type networkSettings = newNetwork | existingNetwork

@export()
@description('Resource id of a private DNS zone per storage service.')
type dnsZones = {
  blob: string
  queue: string
  table: string
}

param name string
param location string
param tags object
param network networkSettings

var services = ['blob', 'queue', 'table']
var isNew = network.kind == 'new'
var addressPrefix = isNew ? network.addressPrefix : '10.0.0.0/26'
var half = int(last(split(addressPrefix, '/'))) + 1

resource ownNetwork 'Microsoft.Network/virtualNetworks@2025-01-01' = if (isNew) {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    // Inside the network, not resources of their own: deploying it again would else delete and make them anew.
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, half, 0)
          delegations: [
            {
              name: 'functions'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: { addressPrefix: cidrSubnet(addressPrefix, half, 1) }
      }
    ]
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: if (isNew) {
    name: 'privatelink.${service}.${environment().suffixes.storage}'
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, index) in services: if (isNew) {
    parent: zones[index]
    name: name
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: ownNetwork.id }
    }
  }
]

var givenZones = isNew ? null : network.?dnsZoneIds

output appSubnetId string = isNew ? '${ownNetwork.id}/subnets/app' : network.appSubnetId
output endpointSubnetId string = isNew ? '${ownNetwork.id}/subnets/endpoints' : network.endpointSubnetId
output dnsZoneIds dnsZones = {
  blob: isNew ? zones[0].id : (givenZones.?blob ?? '')
  queue: isNew ? zones[1].id : (givenZones.?queue ?? '')
  table: isNew ? zones[2].id : (givenZones.?table ?? '')
}
