// What one installation is like. Every parameter of main.bicep may stand here; these are the ones to look at first.
using 'main.bicep'

// `azd` sets both; without it they are written here.
param name = readEnvironmentVariable('AZURE_ENV_NAME', 'shop')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')

// The resource group of your gateway, network and clusters.
param siteGroupName = readEnvironmentVariable('BLUEGREEN_SITE_GROUP', 'rg-shop-site')

// Who is called at night.
param emails = []

// Object ids of Entra groups.
param people = { publishers: [], readers: [], operators: [], breakGlass: [] }
