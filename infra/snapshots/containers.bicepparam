// The image on Container Apps.
using '../main.bicep'

param name = 'shop-boxed'
param location = 'westeurope'
param siteGroupName = 'rg-shop'
param hosting = 'containers'
param image = 'registry.example.com/aks-bluegreen:0.1.0'
param registry = 'registry.example.com'
