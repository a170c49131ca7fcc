// One import for everything: the host, its engine, pictures, formats, the cache and the families.
@_exported import ZooDetection
@_exported import ZooEngine
@_exported import ZooFetch
@_exported import ZooFormats
@_exported import ZooKit
@_exported import ZooVision
