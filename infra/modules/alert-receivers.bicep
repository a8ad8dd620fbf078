// Who is told by e-mail when the scanner itself is in trouble.
param name string
param tags object

@minLength(1)
param emails string[]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    // Shown as the sender in short messages.
    groupShortName: 'Sluice'
    enabled: true
    emailReceivers: map(range(0, length(emails)), index => {
      name: 'receiver-${index}'
      emailAddress: emails[index]
      useCommonAlertSchema: true
    })
  }
}

output id string = group.id
