import CLibMongoC
import Tranche
