// What reactions may do to the objects of one watched account, as a role of its own: the built-in roles that can set tags or delete
// can do much besides. Reading is allowed elsewhere. Whoever deploys this must be allowed to define roles.
param accountName string

@description('What the scanner is called at a watched account.')
param signature string
param setsTags bool
param deletes bool

var blobs = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'

resource reactionRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, accountName, signature, 'reactions')
  properties: {
    // Names of roles are unique in a tenant.
    roleName: 'Sluice reactions, ${accountName}, ${signature}'
    description: 'Sets index tags or deletes objects that Sluice has scanned.'
    type: 'CustomRole'
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: concat(
          setsTags ? ['${blobs}/tags/read', '${blobs}/tags/write'] : [],
          deletes ? ['${blobs}/delete'] : []
        )
        notDataActions: []
      }
    ]
    assignableScopes: [resourceGroup().id]
  }
}

output id string = reactionRole.id
